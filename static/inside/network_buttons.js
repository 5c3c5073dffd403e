// A button for each unit, laid over the picture of the network: to point at, to reach with the keyboard,
// and to be read aloud. One of them is in the tab order; arrow keys move from it to the others.

import { NOT_A_DIGIT } from "./network_graph.js";
import { number } from "../shared/format.js";

const group = document.getElementById("units");
const buttons = [];
let columns = [];
let onUnit = () => {};

// handler(unit, kind): {layer, unit} and "point" or "choose"; null when nothing is pointed at.
export function setUnitHandler(handler) {
  onUnit = handler;
}

// Lays the buttons over the columns (see network_layout.js); null hides them.
export function placeButtons(newColumns, ablated) {
  columns = newColumns ?? [];
  let used = 0;
  columns.forEach((column, i) => {
    if (column.kind === "input") return;
    column.boxes.forEach(({ x, y, size }, j) => {
      const button = (buttons[used] ??= makeButton());
      const { layer } = column, unit = column.units[j];
      Object.assign(button.dataset, { layer, unit, column: i, row: j });
      button.setAttribute("aria-label", describe(column, unit, ablated));
      for (const [key, value] of [["--x", x], ["--y", y], ["--size", size]]) button.style.setProperty(key, `${value.toFixed(1)}px`);
      button.hidden = false;
      used++;
    });
  });
  buttons.forEach((button, i) => i >= used && (button.hidden = true));
  if (!buttons.some((button) => !button.hidden && button.tabIndex === 0) && buttons[0]) buttons[0].tabIndex = 0;
}

function describe({ kind, layer, activations, isLast }, unit, ablated) {
  const output = unit === NOT_A_DIGIT ? "Output, not a digit" : `Output, ${unit}`;
  const name = isLast ? output : `Layer ${layer}, ${kind === "maps" ? "channel" : "neuron"} ${unit}`;
  return `${name}: ${kind === "maps" ? "mean " : ""}${number(activations[unit])}${ablated.get(layer)?.has(unit) ? ", switched off" : ""}`;
}

function makeButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "unit";
  button.tabIndex = -1;
  group.append(button);
  return button;
}

const unitOf = (target) => {
  const button = target.closest?.(".unit");
  return button && { layer: Number(button.dataset.layer), unit: Number(button.dataset.unit) };
};

group.addEventListener("pointerover", (event) => event.pointerType === "mouse" && onUnit(unitOf(event.target), "point"));
group.addEventListener("pointerleave", () => onUnit(null, "point"));
group.addEventListener("click", (event) => unitOf(event.target) && onUnit(unitOf(event.target), "choose"));
group.addEventListener("focusin", ({ target }) => {
  for (const button of buttons) button.tabIndex = button === target ? 0 : -1;
  if (target.matches(":focus-visible")) onUnit(unitOf(target), "choose");
});

group.addEventListener("keydown", (event) => {
  const { column, row } = event.target.dataset;
  const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
  if (across === undefined) return;
  event.preventDefault();
  const next = Number(column) + across, boxes = columns[next]?.boxes;
  if (!boxes || next < 1) return;
  const to = Math.min(boxes.length - 1, Math.max(0, across ? nearest(boxes, columns[column].boxes[row]) : Number(row) + down));
  buttons.find((button) => !button.hidden && button.dataset.column === String(next) && button.dataset.row === String(to))?.focus();
});

// The index of the box whose y is nearest.
function nearest(boxes, { y }) {
  let best = 0;
  boxes.forEach((box, i) => Math.abs(box.y - y) < Math.abs(boxes[best].y - y) && (best = i));
  return best;
}
