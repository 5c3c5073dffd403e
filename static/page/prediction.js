// Shows a prediction: the number, its confidence, and of one of its digits the probabilities as bars and the
// input of the network; or why there is none.

import * as brackets from "./brackets.js";
import { Digits } from "./digits.js";
import { Nib } from "./nib.js";
import { inWords, ordinal } from "./words.js";
import { duration, errorSentence, percent } from "../shared/format.js";
import { make } from "../shared/html.js";

const element = (id) => document.getElementById(id);
const digitText = element("digit"), confidenceText = element("confidence"), message = element("message");
const spoken = element("spoken");
const bars = [...element("bars").children];
const barsTitle = element("bars").getAttribute("aria-label");
const panel = digitText.closest(".answer");
const sign = new Nib(panel.querySelector(".sign"));
const numeral = new Nib(panel.querySelector(".numeral canvas"));
const doubt = new Nib(panel.querySelector(".doubt"));
const row = new Digits(panel.querySelector(".digits"), chooseDigit);
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

// The drawing and the number are an equation: equal, about equal, perhaps equal ("= 2?"), or not equal to any.
const SIGNS = { empty: "=", begun: "=", answered: "=", close: "≈", doubtful: "=", rejected: "≠", trouble: "=" };
const CONFIDENCE_WORDS = JSON.parse(panel.dataset.confidenceWords); // [[least confidence, words], ...], the surest first
const GRACE = 200; // ms in which most predictions arrive; until then nothing flickers
const FEW = 4; // digits that stand beside what is said of them; more stand above it

let readings = []; // [{text, confidence, digits}, ...]: the shown one, then its rivals
let verdict = {}; // {state, growing, fresh} of what is shown
let chosen = 0; // the place of the digit whose shares are shown
let onChosen = () => {};
let pixels = null; // of the last `seen`
let graceTimer = 0;

// Calls the handler with the number when the visitor has chosen another reading.
export function onChoice(handler) {
  onChosen = handler;
}

// Whether a prediction is under way.
export function setBusy(yes) {
  digitText.setAttribute("aria-busy", String(yes));
}

// The drawing has grown: what is shown is the prediction for its beginning.
export function markOutdated() {
  delete document.body.dataset.answer;
  spoken.textContent = "";
  brackets.markOutdated();
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
  const { number, confidence, rejected, doubtful, probabilities, seen, alternatives, digits } = prediction;
  if (rejected === "blank") return showNothing();
  if (number === null) {
    const refusal = growing
      ? { state: "begun", words: "Go on …" }
      : { state: "rejected", words: "That is no digit I know" };
    return set({ ...refusal, probabilities, seen, fresh });
  }
  const rivals = alternatives.map(({ digit, number: text = String(digit), probability }) => rival(text, probability, digits));
  readings = [{ text: number, confidence, digits }, ...rivals];
  verdict = { state: doubtful ? "doubtful" : rivals.length ? "close" : "answered", growing, fresh };
  chosen = Math.max(0, digits.findIndex((digit) => digit.doubtful));
  showReading();
}

// Another number of as many digits is one of the same ink, of which the shares are known.
function rival(text, probability, digits) {
  const same = text.length === digits.length ? digits : [];
  const others = [...text].map((digit, place) => {
    const { probabilities, ...rest } = same[place] ?? {};
    return { ...rest, digit: Number(digit), probabilities, confidence: probabilities?.[digit] };
  });
  return { text, confidence: probability, digits: others };
}

// What is outdated is not shown anew, as if it were the answer.
const isOutdated = () => !("answer" in document.body.dataset);

function chooseReading(index) {
  if (isOutdated()) return;
  [readings[0], readings[index]] = [readings[index], readings[0]];
  chosen = Math.min(chosen, readings[0].digits.length - 1);
  showReading();
  message.querySelectorAll("button")[index - 1].focus(); // where another takes its place
  onChosen(readings[0].text);
}

function chooseDigit(place) {
  if (isOutdated() || !readings[0].digits[place].probabilities) return;
  chosen = place;
  showReading();
}

function showReading() {
  const [{ text, confidence, digits }] = readings, { state, fresh } = verdict;
  const button = (number, i) => {
    const made = make("button", number, { type: "button", "aria-label": `Read it as ${number}` });
    made.addEventListener("click", () => chooseReading(i + 1));
    return made;
  };
  set({ state, text, confidence, words: rivalWords(button), digits, fresh });
}

// What else the drawing may be, in pieces: texts, and what `name` makes of a number and its place in the list.
function rivalWords(name) {
  const [{ text }, ...rivals] = readings, { state, growing } = verdict;
  const phrases = rivals.map((other, i) => ["or ", name(other.text, i)]);
  if (state === "doubtful") phrases.push([text.length > 1 ? "or no number at all" : "or no digit at all"]);
  if (!phrases.length || (state === "doubtful" && growing)) return [];
  const list = phrases.flatMap((phrase, i) => (i ? [", ", ...phrase] : phrase));
  if (state === "doubtful") return list;
  return [text.length > 1 ? "" : `${text} `, ...list, "?"];
}

// Announces the prediction to screen readers: once, when the pen is lifted.
export function announce(fact) {
  if (isOutdated()) return;
  const { state } = panel.dataset, text = digitText.textContent;
  const words = text ? rivalWords(nameOf).join("") : message.textContent;
  const answer = [text && nameOf(text), confidenceText.textContent].filter(Boolean).join(", ");
  let said = [answer && `${answer}.`, words];
  if (state === "doubtful") said = [`Perhaps ${answer}, ${words}.`];
  else if (state === "close" && text.length > 1) said = [`${answer}, ${words}`];
  spoken.textContent = [...said, fact].filter(Boolean).join(" ");
}

const nameOf = (number) => (number.length > 1 ? inWords(number) : number);

// The colours have changed.
export function redraw() {
  for (const written of [sign, numeral, doubt, row]) written.redraw();
  paintSeen();
}

function set({ state, text = "", confidence = null, words = [], digits = [], fresh = true, ...rejected }) {
  clearTimeout(graceTimer);
  const wasDoubtful = panel.dataset.state === "doubtful", several = digits.length > 1, slowly = !reducedMotion.matches;
  panel.dataset.state = state;
  panel.dataset.digits = several ? (digits.length > FEW ? "many" : "few") : "one";
  digitText.textContent = text;
  if (fresh) document.body.dataset.answer = text;
  message.replaceChildren(...[words].flat().filter(Boolean));
  confidenceText.replaceChildren(...(confidence === null ? [] : confidenceParts(confidence, state)));
  numeral.write(several ? "" : text || (state === "rejected" ? "" : "?"), { slowly: text && slowly });
  if (wasDoubtful !== (state === "doubtful")) numeral.redraw(); // its colour has changed
  row.show(several ? digits : [], chosen, { slowly });
  sign.write(SIGNS[state]);
  sign.redraw(); // its colour follows the state
  doubt.write(state === "doubtful" ? "?" : "");
  brackets.show(digits, fresh);
  const { digit, probabilities, seen } = digits[chosen] ?? rejected;
  showShares(digit, probabilities);
  element("bars").setAttribute("aria-label", several ? `${barsTitle}: the ${ordinal(chosen)} digit` : barsTitle);
  pixels = seen?.length === 784 ? seen : null;
  const what = several ? `the ${ordinal(chosen)} digit` : "your drawing";
  element("seen").setAttribute("aria-label", `What the network saw: ${pixels ? `${what} in 28 by 28 squares` : "nothing yet"}`);
  paintSeen();
}

function showShares(digit, probabilities) {
  bars.forEach((bar, i) => {
    const p = probabilities?.[i] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", i === digit && Boolean(probabilities));
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
}

function confidenceParts(confidence, state) {
  const percentage = make("strong", percent(confidence));
  const words = CONFIDENCE_WORDS.find(([least]) => confidence >= least)?.[1] ?? "";
  return ["close", "doubtful"].includes(state) ? [percentage] : [percentage, " ", make("span", words)];
}

function paintSeen() {
  const canvas = element("seen"), context = canvas.getContext("2d");
  context.clearRect(0, 0, 28, 28);
  if (!pixels) return;
  context.fillStyle = getComputedStyle(canvas).color;
  pixels.forEach((ink, i) => {
    context.globalAlpha = Math.min(Math.max(ink, 0), 1);
    context.fillRect(i % 28, Math.floor(i / 28), 1, 1);
  });
  context.globalAlpha = 1;
}
