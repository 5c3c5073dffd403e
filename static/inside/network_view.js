// The picture of the network on a canvas. It is drawn in an animation frame, and only after a change. A
// new forward pass sweeps through it from left to right.

import { placeButtons } from "./network_buttons.js";
import { NOT_A_DIGIT, glow, graphOf } from "./network_graph.js";
import { heightFor, isNarrow, labelWidth, layOut, mapLimit } from "./network_layout.js";
import { colour, rgb } from "./pixels.js";
import { percent } from "../shared/format.js";

const SWEEP = 900; // ms from the first layer to the last
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const frame = document.getElementById("work");
const canvas = frame.querySelector("canvas");
const context = canvas.getContext("2d");

let forwardPass = null; // {blocks, seen}
let columns = null, previous = null; // the same, laid out; and what was shown before
let started = 0, frameRequest = 0, chosen = null; // chosen: {layer, unit}
let ablated = new Map(); // layer -> set of its ablated units
let width = 0, height = 0, colours;
let visible = true;

// Shows a forward pass: the activations of the blocks, and the input. settled: the pen is up, and this is
// the one to look at.
export function show(newForwardPass, { settled = false, ablated: newAblated = new Map() } = {}) {
  forwardPass = newForwardPass;
  ablated = newAblated;
  previous = columns;
  columns = forwardPass && width ? layOut(graphOf(forwardPass, mapLimit(width)), width) : null;
  if (previous && columns && !sameShape(previous, columns)) previous = null;
  started = settled && !reducedMotion.matches ? performance.now() : -Infinity;
  if (!forwardPass || settled) placeButtons(columns, ablated); // while one draws nobody points at them
  redraw();
}

export function choose(unit) {
  chosen = unit;
  redraw();
}

function sameShape(one, other) {
  return one.length === other.length && one.every(({ layer, kind }, i) => layer === other[i].layer && kind === other[i].kind);
}

function redraw() {
  if (visible) frameRequest ||= requestAnimationFrame(draw);
}

function draw(now) {
  frameRequest = 0;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!columns) return;
  colours ??= { above: rgb("--for", frame), below: rgb("--against", frame), soft: getComputedStyle(frame).color, red: colour("--hot") };
  const progress = ((now - started) / SWEEP) * (columns.length + 1);
  const reached = columns.map((_, i) => Math.min(1, Math.max(0, progress - i)));
  drawUnits(columns[0], 1); // under the connections, which begin at its pixels
  drawEdges(reached);
  columns.forEach((column, i) => {
    drawCaption(column);
    if (!i) return;
    if (previous && reached[i] < 1) drawUnits(previous[i], 1 - reached[i]);
    drawUnits(column, previous ? Math.max(reached[i], 0.001) : 0.15 + 0.85 * reached[i]);
  });
  if (progress < columns.length) redraw();
  else previous = null;
}

function drawEdges(reached) {
  context.lineCap = "round";
  const touching = (edge, i) => {
    const target = columns[i], source = columns[i - 1];
    return (chosen.layer === target.layer && target.units[edge.to] === chosen.unit) || (chosen.layer === source.layer && source.units[edge.from] === chosen.unit);
  };
  const anyTouched = chosen && columns.some((column, i) => column.edges.some((edge) => touching(edge, i)));
  columns.forEach((column, i) => {
    for (const edge of column.edges) {
      const bright = !anyTouched ? 1 : touching(edge, i) ? 1.6 : 0.2;
      const size = Math.abs(edge.weight), [x, y] = start(columns[i - 1], edge), [toX, toY] = end(column, edge);
      const part = reached[i]; // of the line that is there yet
      if (!part || size < 0.02) continue;
      const tone = edge.weight > 0 ? colours.above : colours.below;
      context.globalAlpha = Math.min(1, (0.1 + 0.65 * size ** 0.8) * bright);
      context.strokeStyle = `rgb(${tone})`;
      context.lineWidth = 0.6 + 1.8 * size;
      const bend = (toX - x) * 0.45;
      context.beginPath();
      context.moveTo(x, y);
      if (part >= 1) context.bezierCurveTo(x + bend, y, toX - bend, toY, toX, toY);
      else context.bezierCurveTo(x + bend * part, y, x + (toX - x) * part - bend * part, y + (toY - y) * part, x + (toX - x) * part, y + (toY - y) * part);
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}

function start(column, { from, pixel }) {
  const { x, y, size } = column.boxes[from];
  if (pixel !== null) return [x + ((pixel % 28) + 0.5) * (size / 28), y + (Math.floor(pixel / 28) + 0.5) * (size / 28)];
  return [column.kind === "dots" ? x + size - 2 : x + size, y + size / 2];
}

function end(column, { to }) {
  const { x, y, size } = column.boxes[to];
  return [column.kind === "dots" ? x + 2 : x, y + size / 2];
}

function drawUnits(column, alpha) {
  context.globalAlpha = alpha;
  column.boxes.forEach(({ x, y, size }, j) => {
    const unit = column.units[j], isAblated = ablated.get(column.layer)?.has(unit);
    const isChosen = chosen && chosen.layer === column.layer && chosen.unit === unit;
    if (column.kind === "dots") drawDot(column, j, x, y, size);
    else {
      context.imageSmoothingEnabled = false;
      const [high, wide] = column.shape;
      context.drawImage(column.sheet, 0, j * high, wide, high, x, y, size, size);
    }
    context.lineWidth = isChosen ? 2.5 : 1;
    context.strokeStyle = isChosen ? colours.red : "rgb(120 146 205 / 0.38)";
    if (column.kind !== "dots") context.strokeRect(x, y, size, size);
    else if (isChosen) ring(x, y, size);
    if (isAblated) cross(x, y, size);
  });
  context.globalAlpha = 1;
}

function drawDot(column, j, x, y, size) {
  const level = column.levels[j];
  context.beginPath();
  context.arc(x + size / 2, y + size / 2, size / 2 - 2, 0, 2 * Math.PI);
  context.fillStyle = `rgb(${glow(level)})`;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = "rgb(120 146 205 / 0.6)";
  context.stroke();
  if (column.isLast) drawLabel(column.units[j], level, level === Math.max(...column.levels), x + size, y + size / 2 + 1);
}

// The name of an output, and where there is room its probability.
function drawLabel(unit, probability, isTop, left, y) {
  const narrow = isNarrow(width), weight = isTop ? 700 : 400;
  context.fillStyle = isTop ? colours.red : colours.soft;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.font = narrow ? `${weight} 13px sans-serif` : `${weight} 16px serif`;
  context.fillText(unit === NOT_A_DIGIT ? "∅" : unit, left + (narrow ? 2 : 6), y);
  if (narrow) return;
  context.textAlign = "right";
  context.font = `${weight} 14px serif`;
  context.fillText(percent(probability), left + labelWidth(width), y);
}

function drawCaption({ x, width: wide, top, kind, shape, isLast }) {
  context.fillStyle = colours.soft;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.font = `${isNarrow(width) ? 10 : 12}px system-ui, sans-serif`;
  const lines = kind === "input" ? ["28 × 28"] : kind === "maps" ? mapLines(shape) : [isLast ? "scores" : `${shape[0]}`];
  lines.forEach((line, i) => context.fillText(line, x + wide / 2, top - 8 - 14 * (lines.length - 1 - i)));
}

function mapLines([rows, , channels]) {
  return isNarrow(width) ? [`${channels}`, `${rows}²`] : [`${channels} maps`, `${rows} × ${rows}`];
}

function ring(x, y, size) {
  context.beginPath();
  context.arc(x + size / 2, y + size / 2, size / 2 - 1, 0, 2 * Math.PI);
  context.stroke();
}

function cross(x, y, size) {
  context.strokeStyle = colours.red;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x + 4, y + 4);
  context.lineTo(x + size - 4, y + size - 4);
  context.moveTo(x + size - 4, y + 4);
  context.lineTo(x + 4, y + size - 4);
  context.stroke();
}

// Out of sight nothing is drawn: while one draws on the pad, every bit of time goes to the pen.
new IntersectionObserver(([entry]) => {
  visible = entry.isIntersecting;
  redraw();
}, { rootMargin: "100px" }).observe(frame);

new ResizeObserver(([entry]) => {
  const wide = Math.round(entry.contentRect.width);
  if (wide === width || !wide) return;
  width = wide;
  height = heightFor(width);
  frame.style.setProperty("--height", `${height}px`);
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  previous = columns = null;
  if (forwardPass) show(forwardPass, { settled: true, ablated });
}).observe(frame);
