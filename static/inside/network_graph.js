// The network as a graph, for one input: columns of units with their brightness, and the strongest
// connections between them. Pooling layers are left out: they only thin out the maps before them.

import { bytes, largest, paintLevels, palette } from "./pixels.js";

export const NOT_A_DIGIT = 10; // the eleventh output, of networks that have one
const DARK = [17, 27, 58], LIGHT = [255, 249, 232];

// The colour of an activation from 0 to 1.
export function glow(level) {
  const t = Math.min(1, Math.max(0, level)) ** 0.75;
  return DARK.map((dark, i) => dark + t * (LIGHT[i] - dark));
}

const GLOW = palette((level) => glow(level / 255));

// [{kind: "input" | "maps" | "dots", layer, units: [ids], levels, edges, ...}] from left to right, with at
// most `limit` maps of a layer.
export function graphOf({ blocks, seen }, limit) {
  const drawn = blocks.filter(({ kind }) => kind !== "MaxPool");
  const columns = [{ kind: "input", layer: -1, units: [0], levels: [1], sheet: inputSheet(seen), edges: [], shape: [28, 28] }];
  drawn.forEach((block, i) => columns.push(columnOf(block, limit, i === drawn.length - 1)));
  const indices = columns.map(({ units }) => new Map(units.map((unit, j) => [unit, j])));
  columns.forEach((column, i) => i && (column.edges = edgesOf(column, columns[i - 1], indices[i], indices[i - 1])));
  return columns;
}

function inputSheet(seen) {
  return paintLevels(document.createElement("canvas"), 28, 28, seen.map((value) => Math.round(255 * value)), GLOW);
}

function columnOf(block, limit, isLast) {
  const { layer, shape, shown, values, means } = block;
  const activations = values ?? means;
  const units = isLast ? shown : [...shown].sort((a, b) => activations[b] - activations[a]).slice(0, limit).sort((a, b) => a - b);
  const column = { block, layer, units, shape, isLast, kind: values ? "dots" : "maps", activations };
  if (!values) return { ...column, ...mapSheet(block, units) };
  const levels = isLast ? probabilities(block) : values.map((value) => value / largest(values));
  return { ...column, levels: units.map((unit) => levels[unit]) };
}

// The softmax of the outputs, or of a network with an activation at its end the outputs divided by their sum.
function probabilities({ values, activation }) {
  const powers = activation ? values : values.map((value) => Math.exp(value - Math.max(...values)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// The maps of a layer as one picture, one under the other.
function mapSheet({ shape: [height, width], maps: text, low, high, means }, units) {
  const all = bytes(text), size = height * width, zero = (255 * -low) / (high - low || 1);
  const brightness = palette((level) => glow((level - zero) / 190));
  const chosen = new Uint8Array(units.length * size);
  units.forEach((unit, j) => chosen.set(all.subarray(unit * size, (unit + 1) * size), j * size));
  const sheet = paintLevels(document.createElement("canvas"), width, height * units.length, chosen, brightness);
  const most = largest(means);
  return { sheet, levels: units.map((unit) => means[unit] / most) };
}

// [{from, to, weight, pixel}]: `from` and `to` are indices in the units of the columns; `weight` is the
// contribution, from -1 to 1 of the strongest one; a connection from the input to a dense layer begins at
// a `pixel`, else that is null.
function edgesOf({ block, kind }, before, targets, sources) {
  const most = largest(block.edges.map(([, , value]) => value));
  const fromInput = before.kind === "input";
  return block.edges
    .filter(([from, to]) => targets.has(to) && (fromInput || sources.has(from)))
    .map(([from, to, value]) => ({
      from: fromInput ? 0 : sources.get(from),
      to: targets.get(to),
      weight: value / most,
      pixel: fromInput && kind === "dots" ? from : null,
    }));
}
