// The arithmetic of one neuron: its weights as an image, the strongest inputs, sum, bias, activation.

import { bytes, dots, make, number, signed } from "./paint.js";
import { glow } from "./scene.js";

const panel = document.getElementById("neuron");
const map = document.getElementById("neuron-map"), weights = document.getElementById("neuron-weights");
const rows = panel.querySelector("tbody"), result = panel.querySelector(".result");
const off = document.getElementById("off");

export function onOff(handler) {
  off.addEventListener("click", handler);
}

// handler([row, column]) when a place in the neuron's map is chosen.
export function onPlace(handler) {
  map.querySelector("canvas").addEventListener("click", ({ target, offsetX, offsetY }) => {
    const at = (offset, count, side) => Math.min(count - 1, Math.max(0, Math.floor((offset / side) * count)));
    handler([at(offsetY, target.height, target.clientHeight), at(offsetX, target.width, target.clientWidth)]);
  });
}

export function hide() {
  panel.hidden = true;
}

// told: what the API says of the neuron; stage: its layer's; isLast: it is one of the answers.
export function show(told, stage, before, { isOff, isLast }) {
  panel.hidden = false;
  panel.dataset.neuron = `${told.layer}.${told.unit}`;
  const place = told.place ? `, at row ${told.place[0]}, column ${told.place[1]}` : "";
  const name = isLast ? `The output for ${told.unit === 10 ? "“not a digit”" : told.unit}` : `${told.place ? "Channel" : "Neuron"} ${told.unit} of layer ${told.layer}`;
  panel.querySelector("h3").textContent = name + place;
  showMap(told, stage);
  showWeights(told);
  rows.replaceChildren(
    ...told.strongest.map(({ input, value, weight, product }) => row(where(input, told, before), number(value, 3), number(weight, 3), product)),
    row(`${told.inputs - told.strongest.length} other inputs`, "", "", told.rest),
    row("bias", "", "", told.bias),
    row("sum", "", "", told.sum + told.bias, "total"),
  );
  const bend = { ReLU: "max(sum, 0)", Sigmoid: "1 ∕ (1 + e^−sum)", Tanh: "tanh(sum)" }[told.activation];
  result.replaceChildren(bend ? `${told.activation}: ${bend} = ` : "No activation: ", make("output", number(told.output, 3)), isOff ? " — but it is switched off, and tells 0" : "");
  off.hidden = isLast;
  off.textContent = isOff ? "Switch it on again" : "Switch it off";
}

function row(name, value, weight, product, kind = "") {
  const line = make("tr", [make("th", name, { scope: "row" }), make("td", value), make("td", weight && `× ${weight}`), make("td", number(product, 3))]);
  if (kind) line.className = kind;
  line.classList.toggle("minus", product < 0);
  return line;
}

// In words, which input it is: a pixel, a neuron, a place in a map.
function where(input, { place }, before) {
  if (input.length === 1) return `neuron ${input[0]}`;
  if (input.length === 2) return `pixel ${input[0]}, ${input[1]}`;
  const [r, c, channel] = input;
  return before || !place ? `channel ${channel} at ${r}, ${c}` : `at ${r}, ${c}`;
}

function showMap({ unit, place, output }, stage) {
  map.hidden = !stage.maps;
  if (!stage.maps) return;
  const [height, width] = stage.shape, size = height * width;
  const levels = bytes(stage.maps).subarray(unit * size, (unit + 1) * size), canvas = map.querySelector("canvas");
  const most = Math.max(...levels, 1);
  dots(canvas, width, height, (i) => [...glow(levels[i] / most), 255]);
  canvas.style.setProperty("--row", (place[0] + 0.5) / height);
  map.style.setProperty("--row", (place[0] + 0.5) / height);
  map.style.setProperty("--column", (place[1] + 0.5) / width);
  canvas.setAttribute("aria-label", `Its map of ${width} × ${height}; ${number(output, 3)} at row ${place[0]}, column ${place[1]}`);
}

function showWeights({ weights: { shape, values }, place }) {
  const canvas = weights.querySelector("canvas"), { image, wide, high } = tiled(shape, values);
  signed(canvas, wide, high, image);
  const channels = shape[2] === 1 ? "its window" : `its windows on ${shape[2]} channels`;
  const words = place ? `The ${shape[0]} × ${shape[1]} weights of ${channels}` : `Its ${values.length} weights`;
  weights.querySelector("figcaption").textContent = `${words}: blue above zero, orange below`;
  canvas.setAttribute("aria-label", `${words}, from ${number(Math.min(...values), 3)} to ${number(Math.max(...values), 3)}`);
}

// One image of the weights: a picture as it is, channels side by side, else a block of numbers.
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
