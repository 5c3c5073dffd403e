// The arithmetic of one neuron: its weights as an image, the strongest inputs, sum, bias, activation.

import { NOT_A_DIGIT, glow } from "./network_graph.js";
import { bytes, paintPixels, paintSigned } from "./pixels.js";
import { number } from "../shared/format.js";
import { make } from "../shared/html.js";

const panel = document.getElementById("neuron");
const map = document.getElementById("neuron-map"), weights = document.getElementById("neuron-weights");
const rows = panel.querySelector("tbody"), result = panel.querySelector(".result");
const ablate = document.getElementById("off");

export function onAblate(handler) {
  ablate.addEventListener("click", handler);
}

// handler([row, column]) when a position in the neuron's map is chosen.
export function onPosition(handler) {
  map.querySelector("canvas").addEventListener("click", ({ target, offsetX, offsetY }) => {
    const index = (offset, count, side) => Math.min(count - 1, Math.max(0, Math.floor((offset / side) * count)));
    handler([index(offsetY, target.height, target.clientHeight), index(offsetX, target.width, target.clientWidth)]);
  });
}

export function hide() {
  panel.hidden = true;
}

// neuron: as the API describes it; block: the one it belongs to, and the one before; isLast: it is one of
// the outputs.
export function show(neuron, block, before, { isAblated, isLast }) {
  const { layer, unit, place: position, strongest, activation } = neuron;
  panel.hidden = false;
  panel.dataset.neuron = `${layer}.${unit}`;
  const where = position ? `, at row ${position[0]}, column ${position[1]}` : "";
  const output = `The output for ${unit === NOT_A_DIGIT ? "“not a digit”" : unit}`;
  const name = isLast ? output : `${position ? "Channel" : "Neuron"} ${unit} of layer ${layer}`;
  panel.querySelector("h3").textContent = name + where;
  showMap(neuron, block);
  showWeights(neuron);
  rows.replaceChildren(
    ...strongest.map(({ input, value, weight, product }) => row(describe(input, position, before), number(value, 3), number(weight, 3), product)),
    row(`${neuron.inputs - strongest.length} other inputs`, "", "", neuron.rest),
    row("bias", "", "", neuron.bias),
    row("sum", "", "", neuron.sum + neuron.bias, "total"),
  );
  const formula = { ReLU: "max(sum, 0)", Sigmoid: "1 ∕ (1 + e^−sum)", Tanh: "tanh(sum)" }[activation];
  result.replaceChildren(
    formula ? `${activation}: ${formula} = ` : "No activation: ",
    make("output", number(neuron.output, 3)),
    isAblated ? " — but it is switched off, and gives 0" : "",
  );
  ablate.hidden = isLast;
  ablate.textContent = isAblated ? "Switch it on again" : "Switch it off";
}

function row(name, value, weight, product, kind = "") {
  const line = make("tr", [make("th", name, { scope: "row" }), make("td", value), make("td", weight && `× ${weight}`), make("td", number(product, 3))]);
  if (kind) line.className = kind;
  line.classList.toggle("minus", product < 0);
  return line;
}

// In words, which input it is: a pixel, a neuron, a position in a map.
function describe(input, position, before) {
  if (input.length === 1) return `neuron ${input[0]}`;
  if (input.length === 2) return `pixel ${input[0]}, ${input[1]}`;
  const [r, c, channel] = input;
  return before || !position ? `channel ${channel} at ${r}, ${c}` : `at ${r}, ${c}`;
}

function showMap({ unit, place: position, output }, block) {
  map.hidden = !block.maps;
  if (!block.maps) return;
  const [height, width] = block.shape, size = height * width;
  const levels = bytes(block.maps).subarray(unit * size, (unit + 1) * size), canvas = map.querySelector("canvas");
  const most = Math.max(...levels, 1);
  paintPixels(canvas, width, height, (i) => [...glow(levels[i] / most), 255]);
  canvas.style.setProperty("--row", (position[0] + 0.5) / height);
  map.style.setProperty("--row", (position[0] + 0.5) / height);
  map.style.setProperty("--column", (position[1] + 0.5) / width);
  canvas.setAttribute("aria-label", `Its map of ${width} × ${height}; ${number(output, 3)} at row ${position[0]}, column ${position[1]}`);
}

function showWeights({ weights: { shape, values }, place: position }) {
  const canvas = weights.querySelector("canvas"), { image, wide, high } = tiled(shape, values);
  paintSigned(canvas, wide, high, image);
  const channels = shape[2] === 1 ? "its window" : `its windows on ${shape[2]} channels`;
  const words = position ? `The ${shape[0]} × ${shape[1]} weights of ${channels}` : `Its ${values.length} weights`;
  weights.querySelector("figcaption").textContent = `${words}: blue above zero, orange below`;
  canvas.setAttribute("aria-label", `${words}, from ${number(Math.min(...values), 3)} to ${number(Math.max(...values), 3)}`);
}

// The weights as one image: two dimensions as they are, channels side by side, one dimension as a square.
function tiled(shape, values) {
  if (shape.length === 2) return { image: values, high: shape[0], wide: shape[1] };
  const [rows, columns, channels] = shape.length === 3 ? shape : [1, 1, shape[0]];
  const gap = rows > 1 ? 1 : 0;
  const across = Math.ceil(Math.sqrt(channels)), down = Math.ceil(channels / across);
  const wide = across * (columns + gap) - gap, high = down * (rows + gap) - gap;
  const image = new Array(wide * high).fill(0);
  values.forEach((value, i) => {
    const channel = i % channels, column = Math.floor(i / channels) % columns, line = Math.floor(i / channels / columns);
    const y = Math.floor(channel / across) * (rows + gap) + line, x = (channel % across) * (columns + gap) + column;
    image[y * wide + x] = value;
  });
  return { image, wide, high };
}
