// The drawing with a box around each candidate for a digit. Lengths of a division are in shares of the sheet's
// sides; of strokes they are in its height.

import { paint } from "../../draw/ink.js";
import { svg } from "../../shared/html.js";

const figure = document.querySelector("#division figure div");
const canvas = figure.querySelector("canvas"), marks = figure.querySelector("svg");
const PIXELS = 560; // in the height of the sheet
const UNITS = 100; // of the marks, in the height of what is shown
const MARGIN = 0.15, ABOVE = 0.3; // around all boxes, and over them for the digits, in their height
const PEN = 0.1; // the same; strokes are read as if drawn with such a pen, whatever the visitor's was

let boxes = []; // by candidate: {x, y, width, height} in units of the marks

// handler(index): a candidate is pointed at, or null; onClick(index): it is clicked on.
export function onCandidate({ onPoint, onClick }) {
  const indexOf = ({ target }) => Number(target.closest("[data-index]")?.dataset.index ?? NaN);
  marks.addEventListener("pointerover", (event) => Number.isNaN(indexOf(event)) || onPoint(indexOf(event)));
  marks.addEventListener("pointerleave", () => onPoint(null));
  marks.addEventListener("click", (event) => Number.isNaN(indexOf(event)) || onClick(indexOf(event)));
}

// division: as the API describes it; sheet: the drawing as it was sent, {strokes, width}; won: the candidates on
// the path that won, by index.
export function draw({ source, candidates }, { strokes, width }, won) {
  const view = viewOf(candidates, width), scale = UNITS / view.height;
  const pen = (PEN * view.height) / (1 + MARGIN + ABOVE);
  const lines = source === "strokes" ? strokes.map((stroke) => ({ ...stroke, width: pen })) : strokes;
  canvas.width = view.width * PIXELS;
  canvas.height = view.height * PIXELS;
  const context = canvas.getContext("2d");
  context.translate(-view.left * PIXELS, -view.top * PIXELS);
  context.fillStyle = context.strokeStyle = getComputedStyle(canvas).color;
  paint(context, lines, PIXELS);
  figure.style.setProperty("--ratio", (view.width / view.height).toFixed(4));
  marks.setAttribute("viewBox", `0 0 ${scale * view.width} ${UNITS}`);
  boxes = candidates.map(({ box: [left, top, right, bottom] }) => ({
    x: (left * width - view.left) * scale,
    y: (top - view.top) * scale,
    width: (right - left) * width * scale,
    height: (bottom - top) * scale,
  }));
  const others = boxes.map((_, index) => index).filter((index) => !won.includes(index));
  const rectangle = (index, kind) => svg("rect", { ...boxes[index], class: kind, "data-index": index });
  marks.replaceChildren(
    ...others.map((index) => rectangle(index, "other")),
    ...won.map((index) => rectangle(index, "won")),
    svg("g", { class: "marked" }),
  );
}

// Marks candidates, each with the digit that it is read as; won: they are the path that won.
export function mark({ candidates, digits }, won) {
  const marked = marks.querySelector(".marked");
  marked.classList.toggle("of-winner", won);
  marked.replaceChildren(...candidates.flatMap((index, i) => {
    const { x, y, width } = boxes[index];
    const digit = svg("text", { x: x + width / 2, y: y - 4, "text-anchor": "middle" }, digits[i]);
    return [svg("rect", boxes[index]), digit];
  }));
}

// What all candidates cover, with some paper around it.
function viewOf(candidates, width) {
  const side = (i, pick) => pick(...candidates.map(({ box }) => box[i]));
  const left = side(0, Math.min) * width, right = side(2, Math.max) * width;
  const top = side(1, Math.min), bottom = side(3, Math.max), height = Math.max(bottom - top, 0.1);
  const margin = MARGIN * height, above = ABOVE * height;
  return { left: left - margin, top: top - above, width: right - left + 2 * margin, height: height + above + margin };
}
