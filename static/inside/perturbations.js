// What the visitor changes to see what becomes of the prediction: the drawing rotated, noise on the input
// of the network, and units ablated (their outputs set to 0).

const field = (id) => document.getElementById(id);

// layer -> set of its ablated units; of the network that is shown
export const ablated = new Map();

// In degrees, clockwise.
export function rotation() {
  return Number(field("turn").value);
}

// Standard deviation of the noise.
export function noise() {
  return Number(field("noise").value);
}

export function toggleAblation({ layer, unit }) {
  if (!ablated.has(layer)) ablated.set(layer, new Set());
  const units = ablated.get(layer);
  if (!units.delete(unit)) units.add(unit);
  if (!units.size) ablated.delete(layer);
}

export function isAblated({ layer, unit }) {
  return Boolean(ablated.get(layer)?.has(unit));
}

export function clearAblations() {
  ablated.clear();
}

export function reset() {
  ablated.clear();
  field("turn").value = field("noise").value = 0;
}

// As the API takes it: layer:unit.unit;layer:unit
export function ablateParameter() {
  return [...ablated].map(([layer, units]) => `${layer}:${[...units].join(".")}`).join(";");
}

// The most active unit of each hidden layer.
export function mostActive(blocks) {
  return blocks.slice(0, -1).filter(({ kind }) => kind !== "MaxPool").map((block) => {
    const activations = block.values ?? block.means;
    return { layer: block.layer, unit: activations.indexOf(Math.max(...activations)) };
  });
}

// The drawing rotated, on a sheet that holds all of its own one.
export function rotated({ strokes, width }) {
  if (!rotation()) return { strokes, width };
  const angle = (rotation() * Math.PI) / 180, cos = Math.cos(angle), sin = Math.sin(angle);
  const across = width * Math.abs(cos) + Math.abs(sin), down = width * Math.abs(sin) + Math.abs(cos);
  const rotate = ([x, y, ...rest]) => {
    const [dx, dy] = [x - width / 2, y - 0.5];
    return [(across / 2 + dx * cos - dy * sin) / down, (down / 2 + dx * sin + dy * cos) / down, ...rest];
  };
  const turned = (stroke) => ({ ...stroke, width: stroke.width / down, points: stroke.points.map(rotate) });
  return { strokes: strokes.map(turned), width: across / down };
}

// Lists all changes on the page; `skipped` are the preprocessing steps left out.
export function showSummary(skipped) {
  const count = [...ablated.values()].reduce((sum, units) => sum + units.size, 0);
  field("turn-value").textContent = `${rotation()}°`.replace("-", "−");
  field("noise-value").textContent = noise();
  field("off-list").textContent = count
    ? `Switched off: ${[...ablated].map(([layer, units]) => `layer ${layer}: ${[...units].join(", ")}`).join("; ")}.`
    : "All neurons are on.";
  const changes = [
    skipped.length && `without ${skipped.join(", ")}`,
    rotation() && `turned by ${rotation()}°`,
    noise() && `noise ${noise()}`,
    count && `${count} switched off`,
  ].filter(Boolean);
  field("changed").hidden = !changes.length;
  field("changed").textContent = changes.join(" · ");
}
