// The network at work, on a canvas: it is drawn in an animation frame, and only after a change. A
// new answer goes through it from left to right.

import { colour, rgb } from "./paint.js";
import { heightFor, isNarrow, laidOut, roomFor } from "./layout.js";
import { glow, sceneOf } from "./scene.js";
import { place as placeUnits } from "./units.js";

const SWEEP = 900; // ms from the first layer to the last
const still = matchMedia("(prefers-reduced-motion: reduce)");

const frame = document.getElementById("work");
const canvas = frame.querySelector("canvas");
const context = canvas.getContext("2d");

let answer = null, scene = null, before = null; // the answer shown, and what stood here before
let begun = 0, frameAsked = 0, chosen = null; // chosen: {layer, unit}
let off = new Map(); // layer -> units that are switched off
let width = 0, height = 0, colours;
let inSight = true;

// settled: the pen is up, and this is the answer to look at.
export function show(newAnswer, { settled = false, off: silent = new Map() } = {}) {
  answer = newAnswer;
  off = silent;
  before = scene;
  scene = answer && width ? laidOut(sceneOf(answer, roomFor(width)), width) : null;
  if (before && scene && !sameShape(before, scene)) before = null;
  begun = settled && !still.matches ? performance.now() : -Infinity;
  if (!answer || settled) placeUnits(scene, off); // while one draws nobody points at them
  redraw();
}

export function choose(neuron) {
  chosen = neuron;
  redraw();
}

export function columns() {
  return scene ?? [];
}

function sameShape(one, other) {
  return one.length === other.length && one.every(({ layer, kind }, i) => layer === other[i].layer && kind === other[i].kind);
}

function redraw() {
  if (inSight) frameAsked ||= requestAnimationFrame(draw);
}

function draw(now) {
  frameAsked = 0;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!scene) return;
  colours ??= { above: rgb("--for", frame), below: rgb("--against", frame), soft: getComputedStyle(frame).color, red: colour("--hot") };
  const progress = ((now - begun) / SWEEP) * (scene.length + 1);
  const reached = scene.map((_, i) => Math.min(1, Math.max(0, progress - i)));
  drawUnits(scene[0], 1); // under the connections, which begin at its pixels
  drawEdges(reached);
  scene.forEach((column, i) => {
    drawCaption(column);
    if (!i) return;
    if (before && reached[i] < 1) drawUnits(before[i], 1 - reached[i]);
    drawUnits(column, before ? Math.max(reached[i], 0.001) : 0.15 + 0.85 * reached[i]);
  });
  if (progress < scene.length) redraw();
  else before = null;
}

function drawEdges(reached) {
  context.lineCap = "round";
  const touching = (edge, i) => {
    const target = scene[i], source = scene[i - 1];
    return (chosen.layer === target.layer && target.units[edge.to] === chosen.unit) || (chosen.layer === source.layer && source.units[edge.from] === chosen.unit);
  };
  const anyTouched = chosen && scene.some((column, i) => column.edges.some((edge) => touching(edge, i)));
  scene.forEach((column, i) => {
    for (const edge of column.edges) {
      const bright = !anyTouched ? 1 : touching(edge, i) ? 1.6 : 0.2;
      const size = Math.abs(edge.share), [x, y] = start(scene[i - 1], edge), [toX, toY] = end(column, edge);
      const way = reached[i]; // how much of the line is there yet
      if (!way || size < 0.02) continue;
      const tone = edge.share > 0 ? colours.above : colours.below;
      context.globalAlpha = Math.min(1, (0.1 + 0.65 * size ** 0.8) * bright);
      context.strokeStyle = `rgb(${tone})`;
      context.lineWidth = 0.6 + 1.8 * size;
      const bend = (toX - x) * 0.45;
      context.beginPath();
      context.moveTo(x, y);
      if (way >= 1) context.bezierCurveTo(x + bend, y, toX - bend, toY, toX, toY);
      else context.bezierCurveTo(x + bend * way, y, x + (toX - x) * way - bend * way, y + (toY - y) * way, x + (toX - x) * way, y + (toY - y) * way);
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}

function start(column, { from, spot }) {
  const { x, y, size } = column.places[from];
  if (spot !== null) return [x + ((spot % 28) + 0.5) * (size / 28), y + (Math.floor(spot / 28) + 0.5) * (size / 28)];
  return [column.kind === "dots" ? x + size - 2 : x + size, y + size / 2];
}

function end(column, { to }) {
  const { x, y, size } = column.places[to];
  return [column.kind === "dots" ? x + 2 : x, y + size / 2];
}

function drawUnits(column, alpha) {
  context.globalAlpha = alpha;
  column.places.forEach(({ x, y, size }, j) => {
    const unit = column.units[j], isOff = off.get(column.layer)?.has(unit);
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
    if (isOff) cross(x, y, size);
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
  if (!column.isLast) return;
  const isTop = level === Math.max(...column.levels), narrow = isNarrow(width);
  context.fillStyle = isTop ? colours.red : colours.soft;
  context.font = `${isTop ? 700 : 400} ${narrow ? 13 : 16}px ${narrow ? "sans-serif" : "serif"}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const name = column.units[j] === 10 ? "∅" : column.units[j];
  const share = narrow ? "" : `   ${(100 * level).toFixed(level > 0.0995 ? 0 : 1)} %`;
  context.fillText(`${name}${share}`, x + size + (narrow ? 2 : 6), y + size / 2 + 1);
}

function drawCaption({ x, width: wide, top, kind, shape, stage, isLast }) {
  context.fillStyle = colours.soft;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.font = `${isNarrow(width) ? 10 : 12}px system-ui, sans-serif`;
  const lines = kind === "input" ? ["28 × 28"] : kind === "maps" ? mapLines(shape, stage) : [isLast ? "scores" : `${shape[0]}`];
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
  inSight = entry.isIntersecting;
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
  before = scene = null;
  if (answer) show(answer, { settled: true, off });
}).observe(frame);
