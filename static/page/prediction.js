// Shows a prediction: the digit, its confidence, the probabilities as bars, and the input of the network;
// or why there is none.

import { Nib } from "./nib.js";
import { duration, errorSentence, percent } from "../shared/format.js";
import { make } from "../shared/html.js";

const element = (id) => document.getElementById(id);
const digitText = element("digit"), confidenceText = element("confidence"), message = element("message");
const spoken = element("spoken"), seen = element("seen");
const bars = [...element("bars").children];
const panel = digitText.closest(".answer");
const sign = new Nib(panel.querySelector(".sign"));
const numeral = new Nib(panel.querySelector(".numeral canvas"));
const doubt = new Nib(panel.querySelector(".doubt"));
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

// The drawing and the digit are an equation: equal, about equal, perhaps equal ("= 2?"), or not equal to any.
const SIGNS = { empty: "=", begun: "=", answered: "=", close: "≈", doubtful: "=", rejected: "≠", trouble: "=" };
const CONFIDENCE_WORDS = JSON.parse(panel.dataset.confidenceWords); // [[least confidence, words], ...], the surest first
const GRACE = 200; // ms in which most predictions arrive; until then nothing flickers

let pixels = null; // of the last `seen`
let graceTimer = 0;

// Whether a prediction is under way.
export function setBusy(yes) {
  digitText.setAttribute("aria-busy", String(yes));
}

// The drawing has grown: what is shown is the prediction for its beginning.
export function markOutdated() {
  delete document.body.dataset.answer;
  spoken.textContent = "";
}

// It is another drawing, not yet predicted. `onWait` is called when the prediction takes longer than GRACE.
export function awaitPrediction(onWait) {
  markOutdated();
  digitText.textContent = "";
  clearTimeout(graceTimer);
  graceTimer = setTimeout(() => {
    set({ state: "begun", words: "Reading …", fresh: false });
    onWait();
  }, GRACE);
}

export function showNothing() {
  set({ state: "empty", words: "Nothing drawn yet" });
}

export function showOffline() {
  set({ state: "trouble", words: "You are offline. What you draw is kept, and read once you are back." });
}

export function showError({ kind, detail, retryIn }) {
  const again = retryIn === null ? "" : ` Trying again in ${duration(retryIn)}.`;
  const kept = ["offline", "slow", "server"].includes(kind) ? " Your drawing is kept." : "";
  const words = errorSentence({ kind, detail }) + kept;
  set({ state: "trouble", words: words + again, fresh: false });
  delete document.body.dataset.answer; // there is no prediction, which is not an empty one
  if (spoken.textContent !== words) spoken.textContent = words; // once, not at each attempt
}

// `fresh`: the prediction is for what is on the pad now. `growing`: a stroke is still being drawn, so that
// what is no digit yet may become one.
export function show(prediction, fresh, growing) {
  const { digit, confidence, rejected, doubtful, probabilities, seen, alternatives } = prediction;
  if (rejected === "blank") return showNothing();
  if (rejected || digit === null) {
    const verdict = growing
      ? { state: "begun", words: "Go on …" }
      : { state: "rejected", words: "That is no digit I know" };
    return set({ ...verdict, probabilities, seen, fresh });
  }
  const candidates = [...new Set([digit, ...(alternatives ?? []).map((a) => a.digit)])];
  let state = "answered", words = "";
  if (doubtful) {
    state = "doubtful";
    words = growing ? "" : [...candidates.slice(1).map((other) => `or ${other}`), "or no digit at all"].join(", ");
  } else if (candidates.length > 1) {
    state = "close";
    words = `${candidates.slice(0, -1).join(", ")} or ${candidates.at(-1)}?`;
  }
  set({ state, text: String(digit), confidence, words, probabilities, seen, fresh });
}

// Announces the prediction to screen readers: once, when the pen is lifted.
export function announce(fact) {
  if (!("answer" in document.body.dataset)) return;
  const digit = digitText.textContent, confidence = confidenceText.textContent, words = message.textContent;
  const isDoubtful = panel.dataset.state === "doubtful";
  const answer = isDoubtful
    ? [`Perhaps ${[digit, confidence, words].join(", ")}.`]
    : [digit && `${[digit, confidence].filter(Boolean).join(", ")}.`, words];
  spoken.textContent = [...answer, fact].filter(Boolean).join(" ");
}

// The colours have changed.
export function redraw() {
  for (const nib of [sign, numeral, doubt]) nib.redraw();
  paintSeen(pixels);
}

function set({ state, text = "", confidence = null, words = "", probabilities = null, seen = null, fresh = true }) {
  clearTimeout(graceTimer);
  const wasDoubtful = panel.dataset.state === "doubtful";
  panel.dataset.state = state;
  if (wasDoubtful !== (state === "doubtful")) numeral.redraw(); // its colour has changed
  digitText.textContent = text;
  if (fresh) document.body.dataset.answer = text;
  message.textContent = words;
  confidenceText.replaceChildren(...(confidence === null ? [] : confidenceParts(confidence, state)));
  numeral.write(text || (state === "rejected" ? "" : "?"), { slowly: text && !reducedMotion.matches });
  sign.write(SIGNS[state]);
  sign.redraw(); // its colour follows the state
  doubt.write(state === "doubtful" ? "?" : "");
  bars.forEach((bar, i) => {
    const p = probabilities?.[i] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", String(i) === text);
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
  paintSeen(seen);
}

function confidenceParts(confidence, state) {
  const percentage = make("strong", percent(confidence));
  const words = CONFIDENCE_WORDS.find(([least]) => confidence >= least)?.[1] ?? "";
  return ["close", "doubtful"].includes(state) ? [percentage] : [percentage, " ", make("span", words)];
}

function paintSeen(values) {
  pixels = values?.length === 784 ? values : null;
  const context = seen.getContext("2d");
  context.clearRect(0, 0, 28, 28);
  seen.setAttribute("aria-label", `What the network saw: ${pixels ? "your drawing in 28 by 28 squares" : "nothing yet"}`);
  if (!pixels) return;
  context.fillStyle = getComputedStyle(seen).color;
  pixels.forEach((ink, i) => {
    context.globalAlpha = Math.min(Math.max(ink, 0), 1);
    context.fillRect(i % 28, Math.floor(i / 28), 1, 1);
  });
  context.globalAlpha = 1;
}
