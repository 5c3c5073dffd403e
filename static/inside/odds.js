// The ten probabilities, the winner marked, and how sure the last answers were.

import { make, percent, svg } from "./paint.js";

const LONGEST = 50; // answers
const WIDTH = 520, HEIGHT = 130, LEFT = 46, RIGHT = 12, TOP = 12, BOTTOM = 14;

const bars = [...document.getElementById("bars").children];
const chart = document.getElementById("history");
const words = document.getElementById("history-words");
const past = []; // {digit, confidence}, the newest last

export function show(probabilities, winner) {
  bars.forEach((bar, digit) => {
    const p = probabilities?.[digit] ?? 0;
    bar.style.setProperty("--p", p.toFixed(4));
    bar.classList.toggle("top", digit === winner);
    bar.querySelector(".value").textContent = probabilities ? percent(p) : "";
  });
}

export function remember(digit, confidence) {
  past.push({ digit, confidence });
  if (past.length > LONGEST) past.shift();
  draw();
}

export function forget() {
  past.length = 0;
  draw();
}

function draw() {
  const x = (i) => LEFT + (i / (LONGEST - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  for (const [share, kind] of [[0, "axis"], [0.5, "level"], [0.9, "level"], [1, "axis"]]) {
    parts.push(svg("line", { class: kind, x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) }));
    if (kind === "level") parts.push(svg("text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share}\u00a0%`));
  }
  parts.push(svg("polyline", { points: past.map(({ confidence }, i) => `${x(i)},${y(confidence)}`).join(" ") }));
  past.forEach(({ digit, confidence }, i) => {
    const isNew = past[i - 1]?.digit !== digit;
    parts.push(svg("circle", { cx: x(i), cy: y(confidence), r: i === past.length - 1 ? 4 : 2 }));
    if (isNew) parts.push(svg("text", { class: "digit", x: x(i), y: confidence > 0.75 ? y(confidence) + 18 : y(confidence) - 8, "text-anchor": "middle" }, digit ?? "–"));
  });
  chart.replaceChildren(...parts);
  const last = past.at(-1);
  chart.setAttribute("aria-label", last ? `How sure the last ${past.length} answers were; the last is ${said(last)}` : "No answer yet");
  words.replaceChildren(...past.map((answer) => make("li", said(answer))));
}

function said({ digit, confidence }) {
  return digit === null ? "no digit" : `${digit}, ${percent(confidence)}`;
}

draw();
