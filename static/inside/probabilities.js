// The ten probabilities as bars, and the confidence of the last predictions as a line.

import { percent } from "../shared/format.js";
import { make, svg } from "../shared/html.js";

const HISTORY = 50; // predictions
const WIDTH = 520, HEIGHT = 130, LEFT = 46, RIGHT = 12, TOP = 12, BOTTOM = 14;

const bars = [...document.getElementById("bars").children];
const chart = document.getElementById("history");
const words = document.getElementById("history-words");
const history = []; // {digit, confidence, doubtful}, the newest last

export function show(probabilities, winner) {
  bars.forEach((bar, digit) => {
    const p = probabilities?.[digit] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", digit === winner);
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
}

export function addToHistory({ digit, confidence, doubtful }) {
  history.push({ digit, confidence, doubtful });
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
  history.forEach(({ digit, confidence, doubtful }, i) => {
    const before = history[i - 1], isNew = before?.digit !== digit || before.doubtful !== doubtful;
    parts.push(svg("circle", { cx: x(i), cy: y(confidence), r: i === history.length - 1 ? 4 : 2 }));
    if (isNew) parts.push(svg("text", { class: "digit", x: x(i), y: confidence > 0.75 ? y(confidence) + 18 : y(confidence) - 8, "text-anchor": "middle" }, digit === null ? "–" : `${digit}${doubtful ? "?" : ""}`));
  });
  chart.replaceChildren(...parts);
  const last = history.at(-1);
  chart.setAttribute("aria-label", last ? `Confidence of the last ${history.length} predictions; the last is ${describe(last)}` : "No prediction yet");
  words.replaceChildren(...history.map((prediction) => make("li", describe(prediction))));
}

function describe({ digit, confidence, doubtful }) {
  return digit === null ? "no digit" : `${doubtful ? "perhaps " : ""}${digit}, ${percent(confidence)}`;
}

draw();
