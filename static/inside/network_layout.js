// Where everything stands in the picture of the network: plain numbers, no drawing.
//
// The columns of network_graph.js each get x, top and width, and their units get boxes {x, y, size}, the
// upper left corner and side of a square, in CSS pixels.

const GAP = 3;
const TOP = 40; // room for the captions
const NARROW = 620; // of the canvas: a phone

export function heightFor(width) {
  return width < NARROW ? 430 : 500;
}

export function isNarrow(width) {
  return width < NARROW;
}

// The room right of the outputs, for their names and probabilities.
export function labelWidth(width) {
  return width < NARROW ? 14 : 98;
}

// How many of a layer's maps there is room for.
export function mapLimit(width) {
  return width < NARROW ? 12 : 16;
}

export function layOut(columns, width) {
  const height = heightFor(width) - TOP, narrow = isNarrow(width);
  const many = columns.length > 5;
  const deep = narrow ? 12 : 8; // maps on top of each other
  const sizes = columns.map((column) => {
    if (column.kind === "input") return narrow ? (many ? 52 : 110) : many ? 140 : 280;
    const rows = Math.min(column.units.length, column.kind === "maps" ? deep : 16);
    const room = Math.floor(height / rows) - GAP;
    if (column.kind === "maps") return Math.min(room, narrow ? (many ? 26 : 32) : many ? 48 : 52);
    return Math.min(room, narrow ? 24 : 34);
  });
  const across = columns.map(({ kind, units }) => (kind === "maps" ? Math.ceil(units.length / deep) : 1));
  const widths = columns.map((_, i) => across[i] * (sizes[i] + GAP) - GAP);
  const free = width - labelWidth(width) - widths.reduce((sum, w) => sum + w, 0);
  const gap = Math.min(free / (columns.length - 1), 260);
  let x = (free - gap * (columns.length - 1)) / 2;
  return columns.map((column, i) => {
    const size = sizes[i], perColumn = Math.ceil(column.units.length / across[i]);
    const high = perColumn * (size + GAP) - GAP;
    const top = TOP + (height - high) / 2, left = x;
    x += widths[i] + gap;
    const boxes = column.units.map((_, j) => ({
      x: left + Math.floor(j / perColumn) * (size + GAP),
      y: top + (j % perColumn) * (size + GAP),
      size,
    }));
    return { ...column, x: left, width: widths[i], top, boxes };
  });
}
