// The ten probabilities as bars, and the confidence of the last predictions as a line.

import { percent } from "../shared/format.js";
import { make, svg } from "../shared/html.js";

const HISTORY = 50; // predictions
const WIDTH = 520, HEIGHT = 130, LEFT = 46, RIGHT = 12, TOP = 12, BOTTOM = 14;
const HALF_LETTER = 4.7; // the width of half a digit, about

const bars = [...document.getElementById("bars").children];
const chart = document.getElementById("history");
const words = document.getElementById("history-words");
const history = []; // {number, confidence, doubtful}, the newest last

// of: in words, of which digit of a number they are.
export function show(probabilities, winner, of = "") {
  document.getElementById("odds-of").textContent = of && ` · ${of}`;
  bars.forEach((bar, digit) => {
    const p = probabilities?.[digit] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", digit === winner);
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
}

export function addToHistory({ number, confidence, doubtful }) {
  history.push({ number, confidence, doubtful });
  if (history.length > HISTORY) history.shift();
  draw();
}

export function clearHistory() {
  history.length = 0;
  draw();
}

function draw() {
  const x = (i) => LEFT + (i / (HISTORY - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (confidence) => HEIGHT - BOTTOM - confidence * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  for (const [level, kind] of [[0, "axis"], [0.5, "level"], [0.9, "level"], [1, "axis"]]) {
    parts.push(svg("line", { class: kind, x1: LEFT, x2: WIDTH - RIGHT, y1: y(level), y2: y(level) }));
    if (kind === "level") parts.push(svg("text", { x: LEFT - 6, y: y(level) + 4, "text-anchor": "end" }, `${100 * level}\u00a0%`));
  }
  parts.push(svg("polyline", { points: history.map(({ confidence }, i) => `${x(i)},${y(confidence)}`).join(" ") }));
  history.forEach(({ confidence }, i) => {
    parts.push(svg("circle", { cx: x(i), cy: y(confidence), r: i === history.length - 1 ? 4 : 2 }));
  });
  let free = Infinity; // where the name of a later prediction begins
  for (let i = history.length - 1; i >= 0; i--) {
    const { number, confidence, doubtful } = history[i], before = history[i - 1];
    if (before?.number === number && before.doubtful === doubtful) continue;
    const name = number === null ? "–" : `${number}${doubtful ? "?" : ""}`;
    const half = HALF_LETTER * name.length;
    const middle = Math.min(Math.max(x(i), LEFT + half - HALF_LETTER), WIDTH - half);
    if (middle + half > free) continue;
    parts.push(svg("text", { class: "digit", x: middle, y: confidence > 0.75 ? y(confidence) + 18 : y(confidence) - 8, "text-anchor": "middle" }, name));
    free = middle - half;
  }
  chart.replaceChildren(...parts);
  const last = history.at(-1);
  chart.setAttribute("aria-label", last ? `Confidence of the last ${history.length} predictions; the last is ${describe(last)}` : "No prediction yet");
  words.replaceChildren(...history.map((prediction) => make("li", describe(prediction))));
}

function describe({ number, confidence, doubtful }) {
  return number === null ? "no digit" : `${doubtful ? "perhaps " : ""}${number}, ${percent(confidence)}`;
}

draw();
