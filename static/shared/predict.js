// One request to POST /api/predict: a prediction, or an error that says why there is none. What answers
// need not be our server (a login page of a hotel, a proxy), so nothing of an answer is taken for granted.

const DEFAULT_RETRY_AFTER = 5; // seconds
const LONGEST_RETRY_AFTER = 600; // seconds: whatever was asked for, a page that is open is of use again
const RENEWAL_TIMEOUT = 10_000; // ms
const LONGEST_ANSWER = 4_000_000; // bytes; that of the largest network on /inside has 0.12 million
const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

// Why there is no prediction: "offline" (no response), "slow" (the server has not got it in time), "server"
// (it failed), "limited" (too many requests), "expired" (the page is no longer accepted), "refused" (this
// request will never succeed).
export class PredictionError extends Error {
  constructor(kind, { detail = "", retryAfter = null } = {}) {
    super(detail || kind);
    Object.assign(this, { kind, detail, retryAfter });
  }
}

let renewal = null; // of the session token, while it is under way
let expired = false; // with a new token the last request was refused, too: then no other is fetched

// The prediction for a request (see prediction_queue.js). Rejects with a PredictionError, or with what
// fetch() rejects with where no response comes.
export async function predict(request, signal) {
  let response = await post(request, signal);
  if (response.status === 401 && !expired) {
    await renewToken();
    response = await post(request, signal);
  }
  expired = response.status === 401;
  if (expired) throw new PredictionError("expired");
  if (response.status === 429) throw new PredictionError("limited", { retryAfter: retryAfter(response) });
  if (response.status === 408) throw new PredictionError("slow");
  if (response.status >= 500) throw new PredictionError("server");
  const body = await jsonOf(response);
  if (response.ok && isPrediction(body)) return body;
  if (response.ok || !body) throw new PredictionError("server");
  throw new PredictionError("refused", { detail: String(body.detail ?? "").slice(0, 300) });
}

// URLs are relative to the page, so that the app can be mounted anywhere.
function post({ picture, strokes, query }, signal) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return fetch(`api/predict?${parameters}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ image: picture(), strokes: strokes?.() }),
    signal,
  });
}

// Where API keys are set, a page comes with a session token, a cookie that ends after a day. This page itself,
// fetched once more, brings another. The service worker lets the fetch through: it answers navigations only.
function renewToken() {
  renewal ??= fetchPage().finally(() => (renewal = null));
  return renewal;
}

async function fetchPage() {
  const response = await fetch("", { cache: "reload", signal: AbortSignal.timeout(RENEWAL_TIMEOUT) });
  if (!response.ok) throw new PredictionError("server");
  await response.body?.cancel();
}

// The JSON of a response, or null where it is something else, or more than any answer of ours.
async function jsonOf(response) {
  if (!response.headers.get("Content-Type")?.includes("json")) return null;
  const reader = response.body.getReader(), decoder = new TextDecoder();
  let text = "", bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > LONGEST_ANSWER) return null;
    text += decoder.decode(value, { stream: true });
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isPrediction(body) {
  const { digit, number, digits, alternatives, confidence, probabilities } = body ?? {};
  if (digit !== null && !DIGITS.includes(digit)) return false;
  if (!Array.isArray(digits) || !digits.every(isDigit)) return false;
  if (!Array.isArray(alternatives) || !alternatives.every(isAlternative)) return false;
  if (digits.length ? number !== digits.map((each) => each.digit).join("") : number !== null) return false;
  return Number.isFinite(confidence) && (probabilities === null || areNumbers(probabilities, DIGITS.length));
}

function isDigit(each) {
  const { digit, confidence, probabilities, box } = each ?? {};
  if (!DIGITS.includes(digit) || !Number.isFinite(confidence)) return false;
  return areNumbers(probabilities, DIGITS.length) && areNumbers(box, 4);
}

function isAlternative(other) {
  return /^\d{1,12}$/.test(other?.number ?? other?.digit) && Number.isFinite(other.probability);
}

function areNumbers(values, count) {
  return Array.isArray(values) && values.length === count && values.every(Number.isFinite);
}

// Retry-After is a number of seconds or a date (RFC 9110, 10.2.3).
function retryAfter(response) {
  const value = response.headers.get("Retry-After") ?? "";
  const wait = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(wait) ? DEFAULT_RETRY_AFTER : Math.min(Math.max(wait, 1), LONGEST_RETRY_AFTER);
}
