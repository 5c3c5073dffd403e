// The reader: has drawings read by the server, one at a time, the newest first. It knows nothing of
// the page.
//
// A job is {key, picture, model, urgent}: `key` tells one drawing from another, `picture` is a
// function that gives it as a data URL, called only when its turn has come.
//
// It tells: busy(yes), answer(answer, job), trouble({kind, detail, wait}), where `wait` is
// in seconds until it tries again, or null when it does not or is still waiting for an answer.

const LONGEST_WAIT = 15; // seconds
const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

export class Reader {
  #tell;
  #times;
  #wanted = null; // the newest job that has not been asked about
  #call = null; // {job, abort}: the one request under way
  #done = null; // key of the last job answered or refused
  #timer = 0;
  #lastAsked = -Infinity;
  #heldUntil = -Infinity; // after a failure nothing is asked before this
  #failures = 0;

  // In milliseconds: the time between two requests while one draws, after which a request counts as
  // slow, and after which it is given up.
  constructor(tell, { pace = 150, slow = 2500, patience = 15_000 } = {}) {
    this.#tell = tell;
    this.#times = { pace, slow, patience };
  }

  read(job) {
    if (job.key === this.#call?.job.key) {
      this.#wanted = null;
    } else if (job.key !== this.#done || this.#wanted) {
      this.#wanted = job;
      if (performance.now() >= this.#heldUntil) this.#tell.busy(true);
      // Nothing is to be had from an old question that takes long, and the new one waits for it.
      if (job.urgent && this.#call && performance.now() - this.#lastAsked > this.#times.slow) this.#drop();
      this.#schedule();
    }
  }

  // Forgets what was asked and what was to be asked.
  cancel() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#wanted = this.#done = null;
    this.#tell.busy(false);
  }

  #drop() {
    this.#call?.abort.abort();
    this.#call = null;
  }

  // The network is said to be back: no need to sit out the wait.
  hurry() {
    if (!this.#failures) return; // a wait the server has asked for is kept
    this.#heldUntil = -Infinity;
    this.#schedule();
  }

  #schedule() {
    if (this.#call || !this.#wanted) return;
    clearTimeout(this.#timer);
    const paced = this.#wanted.urgent ? -Infinity : this.#lastAsked + this.#times.pace;
    const wait = Math.max(this.#heldUntil, paced) - performance.now();
    if (wait <= 0) this.#ask();
    else this.#timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    const job = this.#wanted;
    const call = { job, abort: new AbortController() };
    this.#call = call;
    this.#wanted = null;
    this.#lastAsked = performance.now();
    this.#tell.busy(true);
    const slow = setTimeout(() => this.#call === call && this.#tell.trouble({ kind: "slow", wait: null }), this.#times.slow);
    const patience = setTimeout(() => call.abort.abort(), this.#times.patience);
    let answer, trouble;
    try {
      answer = await predict(job, call.abort.signal);
    } catch (error) {
      trouble = error instanceof Refusal ? error : new Refusal("offline");
    }
    clearTimeout(slow);
    clearTimeout(patience);
    if (this.#call !== call) return; // cancelled meanwhile
    this.#call = null;
    if (trouble) this.#failed(job, trouble);
    else {
      this.#failures = 0;
      this.#done = job.key;
      this.#tell.busy(this.#wanted !== null);
      this.#tell.answer(answer, job);
    }
    this.#schedule();
  }

  #failed(job, { kind, detail, retryAfter }) {
    let wait = null;
    if (kind === "refused") {
      this.#done = job.key;
    } else {
      this.#failures = kind === "limited" ? 0 : this.#failures + 1;
      const jitter = 0.75 + Math.random() / 2; // so that not all visitors come back at once
      wait = retryAfter ?? Math.min(LONGEST_WAIT, 2 ** (this.#failures - 1)) * jitter;
      this.#heldUntil = performance.now() + 1000 * wait;
      this.#wanted ??= job;
    }
    this.#tell.busy(wait === null && this.#wanted !== null);
    this.#tell.trouble({ kind, detail, wait });
  }
}

// Why there is no answer: "offline" (nobody there), "server" (it failed), "limited" (it asks us to
// wait), "refused" (it will never read this).
class Refusal extends Error {
  constructor(kind, { detail = "", retryAfter = null } = {}) {
    super(detail || kind);
    Object.assign(this, { kind, detail, retryAfter });
  }
}

// Addresses are relative to the page, so that the app can be mounted anywhere.
async function predict({ picture, model }, signal) {
  const query = new URLSearchParams({ include: "seen", ...(model && { model }) });
  const response = await fetch(`api/predict?${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ image: picture() }),
    signal,
  });
  const answer = await response.json().catch(() => null);
  if (response.status === 429) throw new Refusal("limited", { retryAfter: seconds(response) });
  if (response.status >= 500 || !answer) throw new Refusal("server");
  if (!response.ok) throw new Refusal("refused", { detail: answer.detail });
  if (answer.digit !== null && !DIGITS.includes(answer.digit)) throw new Refusal("server");
  return answer;
}

// Retry-After is a number of seconds or a date (RFC 9110, 10.2.3).
function seconds(response) {
  const value = response.headers.get("Retry-After") ?? "";
  const wait = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1), 3600) : 5;
}

// A fact about a digit, other than the one whose text is given if the server has another.
export async function factAbout(digit, unlike) {
  let fact;
  for (let attempt = 0; attempt < 3; attempt++) {
    const response = await fetch(`api/facts/${digit}`, { cache: "no-store" });
    if (!response.ok) throw new Refusal("server");
    fact = await response.json();
    if (fact.text !== unlike) break;
  }
  return fact;
}
