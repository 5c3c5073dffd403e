// What the visitor has broken: the turn, the noise, and which units are switched off.

const field = (id) => document.getElementById(id);
const off = new Map(); // layer -> set of units; of the network that is looked at

export const silent = off;

export function turn() {
  return Number(field("turn").value);
}

export function noise() {
  return Number(field("noise").value);
}

export function toggle({ layer, unit }) {
  if (!off.has(layer)) off.set(layer, new Set());
  const units = off.get(layer);
  if (!units.delete(unit)) units.add(unit);
  if (!units.size) off.delete(layer);
}

export function isOff({ layer, unit }) {
  return Boolean(off.get(layer)?.has(unit));
}

export function mendUnits() {
  off.clear();
}

export function mend() {
  off.clear();
  field("turn").value = field("noise").value = 0;
}

// As the API wants it: layer:unit.unit;layer:unit
export function offText() {
  return [...off].map(([layer, units]) => `${layer}:${[...units].join(".")}`).join(";");
}

// The most active unit of each hidden layer that is still on.
export function busiest(stages) {
  return stages.slice(0, -1).filter(({ kind }) => kind !== "MaxPool").map((stage) => {
    const strengths = stage.values ?? stage.means;
    let best = 0;
    strengths.forEach((strength, unit) => strength > strengths[best] && (best = unit));
    return { layer: stage.layer, unit: best };
  });
}

// The strokes turned around the middle of the pad, clockwise by so many degrees.
export function turned(strokes, degrees) {
  if (!degrees) return strokes;
  const angle = (degrees * Math.PI) / 180, cos = Math.cos(angle), sin = Math.sin(angle);
  const at = ([x, y, ...rest]) => [0.5 + (x - 0.5) * cos - (y - 0.5) * sin, 0.5 + (x - 0.5) * sin + (y - 0.5) * cos, ...rest];
  return strokes.map((stroke) => ({ ...stroke, points: stroke.points.map(at) }));
}

export function tell(skipped) {
  const count = [...off.values()].reduce((sum, units) => sum + units.size, 0);
  field("turn-value").textContent = `${turn()}°`.replace("-", "−");
  field("noise-value").textContent = noise();
  field("off-list").textContent = count
    ? `Switched off: ${[...off].map(([layer, units]) => `layer ${layer}: ${[...units].join(", ")}`).join("; ")}.`
    : "All neurons are on.";
  const said = [
    skipped.length && `without ${skipped.join(", ")}`,
    turn() && `turned by ${turn()}°`,
    noise() && `noise ${noise()}`,
    count && `${count} switched off`,
  ].filter(Boolean);
  field("changed").hidden = !said.length;
  field("changed").textContent = said.join(" · ");
}
