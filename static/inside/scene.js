// What the picture of the network shows of one answer: columns of units with their brightness, and
// the connections between them. Poolings are left out: they only thin out the maps before them.

import { bytes, largest, levelled, palette } from "./paint.js";

const DARK = [17, 27, 58], LIGHT = [255, 249, 232];

export function glow(level) {
  const t = Math.min(1, Math.max(0, level)) ** 0.75;
  return DARK.map((dark, i) => dark + t * (LIGHT[i] - dark));
}

export function sceneOf(answer, room) {
  const stages = answer.activations.stages.filter(({ kind }) => kind !== "MaxPool");
  const columns = [{ kind: "input", layer: -1, units: [0], levels: [1], sheet: ink(answer.seen), edges: [], shape: [28, 28] }];
  stages.forEach((stage, i) => columns.push(columnOf(stage, room, i === stages.length - 1)));
  const kept = new Map(columns.map((column, i) => [i, new Map(column.units.map((unit, j) => [unit, j]))]));
  columns.forEach((column, i) => i && (column.edges = edgesOf(column, columns[i - 1], kept.get(i), kept.get(i - 1))));
  return columns;
}

const GLOW = palette((level) => glow(level / 255));

function ink(seen) {
  return levelled(document.createElement("canvas"), 28, 28, seen.map((value) => Math.round(255 * value)), GLOW);
}

function columnOf(stage, room, isLast) {
  const { layer, shape, shown, values, means } = stage;
  const strengths = values ?? means;
  const units = isLast ? shown : [...shown].sort((a, b) => strengths[b] - strengths[a]).slice(0, room).sort((a, b) => a - b);
  const column = { stage, layer, units, shape, isLast, kind: values ? "dots" : "maps", strengths };
  if (!values) return { ...column, ...maps(stage, units) };
  const share = isLast ? shares(stage) : values.map((value) => value / largest(values));
  return { ...column, levels: units.map((unit) => share[unit]) };
}

// The outputs as shares of 1, which is what the loss makes of them.
function shares({ values, activation }) {
  const powers = activation ? values : values.map((value) => Math.exp(value - Math.max(...values)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// All maps of a layer as one sheet, one under the other.
function maps({ shape: [height, width], maps: text, low, high, means }, units) {
  const all = bytes(text), size = height * width, zero = (255 * -low) / (high - low || 1);
  const brightness = palette((level) => glow((level - zero) / 190));
  const chosen = new Uint8Array(units.length * size);
  units.forEach((unit, j) => chosen.set(all.subarray(unit * size, (unit + 1) * size), j * size));
  const sheet = levelled(document.createElement("canvas"), width, height * units.length, chosen, brightness);
  const most = largest(means);
  return { sheet, levels: units.map((unit) => means[unit] / most) };
}

// [{from, to, share, spot}]: places in the columns; the share is -1 to 1 of the strongest. From the
// drawing to a dense layer a connection begins at a pixel, its spot.
function edgesOf({ stage, kind }, before, places, sources) {
  const most = largest(stage.edges.map(([, , value]) => value));
  const fromPixels = before.kind === "input" && kind === "dots";
  return stage.edges
    .filter(([from, to]) => places.has(to) && (before.kind === "input" || sources.has(from)))
    .map(([from, to, value]) => ({
      from: before.kind === "input" ? 0 : sources.get(from),
      to: places.get(to),
      share: value / most,
      spot: fromPixels ? from : null,
    }));
}
