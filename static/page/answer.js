// Shows what the reader says: the digit, how sure it is, the ten bars and what the network saw.

import { Nib } from "./nib.js";

const element = (id) => document.getElementById(id);
const digit = element("digit"), confidence = element("confidence"), message = element("message");
const spoken = element("spoken"), seen = element("seen");
const bars = [...element("bars").children];
const panel = digit.closest(".answer");
const sign = new Nib(panel.querySelector(".sign"));
const numeral = new Nib(panel.querySelector(".numeral canvas"));
const still = matchMedia("(prefers-reduced-motion: reduce)");

// The drawing is an equation: it equals the digit, or about equals it, or equals none.
const SIGNS = { empty: "=", begun: "=", answered: "=", close: "≈", rejected: "≠", trouble: "=" };
const SURE = JSON.parse(panel.dataset.sure); // [[least confidence, word], ...], the surest first
const GRACE = 200; // ms in which an answer usually comes; until then nothing flickers

let pixels = null; // of the last `seen`
let waiting = 0;

// A prediction is under way, or is not.
export function busy(yes) {
  digit.setAttribute("aria-busy", String(yes));
}

// The drawing has grown: what stands here is the answer to what it was a moment ago.
export function outdated() {
  delete document.body.dataset.answer;
  spoken.textContent = "";
}

// It is another drawing, of which nothing is known yet. `still` is called when that takes longer
// than one would not notice.
export function unknown(still) {
  outdated();
  digit.textContent = "";
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    set({ state: "begun", words: "Reading …", fresh: false });
    still();
  }, GRACE);
}

export function showNothing() {
  set({ state: "empty", words: "Nothing drawn yet" });
}

export function showOffline() {
  set({ state: "trouble", words: "You are offline. What you draw is kept, and read once you are back." });
}

export function showTrouble({ kind, detail, wait }) {
  const again = wait === null ? "" : ` Trying again in ${Math.ceil(wait)}\u00a0s.`;
  const words = {
    offline: `${navigator.onLine ? "The reader can’t be reached." : "You are offline."} Your drawing is kept.`,
    slow: "The answer takes long. Your drawing is kept.",
    server: "The reader failed. Your drawing is kept.",
    limited: "That was a lot of drawings. A short rest, please.",
    refused: `The reader won’t take this. ${detail || ""}`,
  };
  set({ state: "trouble", words: words[kind] + again, fresh: false });
  delete document.body.dataset.answer; // there is no answer, which is not an empty one
  if (spoken.textContent !== words[kind]) spoken.textContent = words[kind]; // once, not at each attempt
}

// `fresh`: the answer belongs to what is on the pad now, and not to a moment before. `drawing`: a
// stroke is still being drawn, and what is no digit yet may become one.
export function showAnswer(answer, fresh, drawing) {
  const { rejected, probabilities, seen } = answer;
  if (rejected === "blank") return showNothing();
  if (rejected || answer.digit === null) {
    const verdict = drawing
      ? { state: "begun", words: "Go on …" }
      : { state: "rejected", words: "That is no digit I know" };
    return set({ ...verdict, probabilities, seen, fresh });
  }
  const close = [...new Set([answer.digit, ...(answer.alternatives ?? []).map((a) => a.digit)])];
  const isClose = close.length > 1;
  const question = `${close.slice(0, -1).join(", ")} or ${close.at(-1)}?`;
  set({
    state: isClose ? "close" : "answered",
    text: String(answer.digit),
    sure: answer.confidence,
    words: isClose ? question : "",
    probabilities,
    seen,
    fresh,
  });
}

// Tells the answer to who listens instead of looking: once, when the pen is lifted.
export function speak(fact) {
  if (!("answer" in document.body.dataset)) return;
  const sure = confidence.textContent && `, ${confidence.textContent}`;
  const read = digit.textContent && `${digit.textContent}${sure}.`;
  spoken.textContent = [read, message.textContent, fact].filter(Boolean).join(" ");
}

// The colours have changed.
export function redraw() {
  sign.redraw();
  numeral.redraw();
  paintSeen(pixels);
}

function set({ state, text = "", sure = null, words = "", probabilities = null, seen = null, fresh = true }) {
  clearTimeout(waiting);
  panel.dataset.state = state;
  digit.textContent = text;
  if (fresh) document.body.dataset.answer = text;
  message.textContent = words;
  confidence.replaceChildren(...(sure === null ? [] : certainty(sure, state)));
  numeral.write(text || (state === "rejected" ? "" : "?"), { slowly: text && !still.matches });
  sign.write(SIGNS[state]);
  sign.redraw(); // its colour follows the state
  bars.forEach((bar, i) => {
    const p = probabilities?.[i] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", String(i) === text);
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
  paintSeen(seen);
}

function certainty(sure, state) {
  const per = document.createElement("strong"), word = document.createElement("span");
  per.textContent = percent(sure);
  word.textContent = SURE.find(([least]) => sure >= least)?.[1] ?? "";
  return state === "close" ? [per] : [per, " ", word];
}

// Never "100.0 %": no network is that sure of anything.
function percent(p) {
  return p >= 0.9995 ? ">\u00a099.9\u00a0%" : `${(100 * p).toFixed(1)}\u00a0%`;
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
