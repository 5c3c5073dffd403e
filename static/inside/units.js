// Over the picture of the network lies a button for each unit: to point at, to reach with the
// keyboard, and to be read aloud. One of them is in the order of tabs; arrow keys go on from it.

import { number } from "./paint.js";

const group = document.getElementById("units");
const buttons = [];
let scene = [];
let tell = () => {};

// handler(neuron, kind): {layer, unit} and "point" or "choose"; null when nothing is pointed at.
export function onUnit(handler) {
  tell = handler;
}

export function place(newScene, off) {
  scene = newScene ?? [];
  let used = 0;
  scene.forEach((column, i) => {
    if (column.kind === "input") return;
    column.places.forEach(({ x, y, size }, j) => {
      const button = (buttons[used] ??= made());
      const { layer } = column, unit = column.units[j];
      Object.assign(button.dataset, { layer, unit, column: i, row: j });
      button.setAttribute("aria-label", named(column, unit, off));
      for (const [key, value] of [["--x", x], ["--y", y], ["--size", size]]) button.style.setProperty(key, `${value.toFixed(1)}px`);
      button.hidden = false;
      used++;
    });
  });
  buttons.forEach((button, i) => i >= used && (button.hidden = true));
  if (!buttons.some((button) => !button.hidden && button.tabIndex === 0) && buttons[0]) buttons[0].tabIndex = 0;
}

function named({ kind, layer, strengths, isLast }, unit, off) {
  const what = isLast ? (unit === 10 ? "Output, not a digit" : `Output, ${unit}`) : kind === "maps" ? `Layer ${layer}, channel ${unit}` : `Layer ${layer}, neuron ${unit}`;
  return `${what}: ${kind === "maps" ? "mean " : ""}${number(strengths[unit])}${off.get(layer)?.has(unit) ? ", switched off" : ""}`;
}

function made() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "unit";
  button.tabIndex = -1;
  group.append(button);
  return button;
}

const neuronOf = (target) => {
  const button = target.closest?.(".unit");
  return button && { layer: Number(button.dataset.layer), unit: Number(button.dataset.unit) };
};

group.addEventListener("pointerover", (event) => event.pointerType === "mouse" && tell(neuronOf(event.target), "point"));
group.addEventListener("pointerleave", () => tell(null, "point"));
group.addEventListener("click", (event) => neuronOf(event.target) && tell(neuronOf(event.target), "choose"));
group.addEventListener("focusin", ({ target }) => {
  for (const button of buttons) button.tabIndex = button === target ? 0 : -1;
  if (target.matches(":focus-visible")) tell(neuronOf(target), "choose");
});

group.addEventListener("keydown", (event) => {
  const { column, row } = event.target.dataset;
  const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
  if (across === undefined) return;
  event.preventDefault();
  const next = Number(column) + across, places = scene[next]?.places;
  if (!places || next < 1) return;
  const to = Math.min(places.length - 1, Math.max(0, across ? nearest(places, scene[column].places[row]) : Number(row) + down));
  buttons.find((button) => !button.hidden && button.dataset.column === String(next) && button.dataset.row === String(to))?.focus();
});

function nearest(places, { y }) {
  let best = 0;
  places.forEach((place, i) => Math.abs(place.y - y) < Math.abs(places[best].y - y) && (best = i));
  return best;
}
