// Strokes as ink on a canvas. A stroke is {width, points: [[x, y, pressure?], ...], erase?}: lengths are in
// heights of the sheet, y points downwards, so that one drawing fits a pad of any size. Pressure is that of a
// pen, from 0 to 1, where 0.5 leaves the width as it is. Nothing here depends on the page.

export const SQUARES = 28; // in the height of the sheet
export const PICTURE_HEIGHT = 280; // pixels, of the picture that is sent
const MOST_STROKES = 200, MOST_POINTS = 10_000; // that the server takes

export const WIDTHS = { thin: 12 / 280, medium: 20 / 280, thick: 28 / 280, eraser: 40 / 280 };

const pressed = (width, pressure = 0.5) => width * (0.4 + 1.2 * pressure);

// Where a sheet lies that is shown whole, in the middle of another one: {scale, left, top}. All lengths are in
// heights: of the first sheet its width, of the other one its width, left and top.
export function within(width, otherWidth) {
  const scale = Math.min(1, otherWidth / width);
  return { scale, left: (otherWidth - scale * width) / 2, top: (1 - scale) / 2 };
}

// Paints strokes in the context's own colours onto a sheet that is `size` pixels high.
export function paint(context, strokes, size) {
  context.lineCap = context.lineJoin = "round";
  for (const { width, points, erase } of strokes) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    const positions = points.map(([x, y]) => [x * size, y * size]);
    const widths = points.map(([, , pressure]) => pressed(width, pressure) * size);
    context.beginPath();
    if (positions.length === 1) {
      // A line of no length has caps in some browsers and none in others; a disc is a dot in all.
      context.arc(...positions[0], widths[0] / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    // Through the midpoints, with the points themselves as controls: no corners where a fast hand
    // leaves few points. Only a line that changes its width is made of many.
    const varies = widths.some((w) => Math.abs(w - widths[0]) > 0.01 * size * width);
    context.lineWidth = widths[0];
    context.moveTo(...positions[0]);
    for (let i = 1; i < positions.length - 1; i++) {
      const [x, y] = positions[i], [nextX, nextY] = positions[i + 1];
      const middle = [(x + nextX) / 2, (y + nextY) / 2];
      context.quadraticCurveTo(x, y, ...middle);
      if (!varies) continue;
      context.lineWidth = widths[i];
      context.stroke();
      context.beginPath();
      context.moveTo(...middle);
    }
    if (varies) context.lineWidth = widths.at(-1);
    context.lineTo(...positions.at(-1));
    context.stroke();
  }
  context.globalCompositeOperation = "source-over";
}

// Whether there is ink at a point: the last stroke over it has drawn, not erased.
export function inkAt(strokes, [x, y]) {
  const last = strokes.findLast(({ width, points }) =>
    points.some((point, i) => distance([x, y], point, points[i + 1] ?? point) <= width / 2),
  );
  return last !== undefined && !last.erase;
}

// From a point to the nearest point of the line between two others.
export function distance([x, y], [fromX, fromY], [toX, toY]) {
  const dx = toX - fromX, dy = toY - fromY;
  const along = ((x - fromX) * dx + (y - fromY) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - fromX - t * dx, y - fromY - t * dy);
}

// The drawing on a canvas of its own, so many pixels high: black on opaque white. It is drawn apart from the
// visible pad, so that theme, squares and pixel ratio never reach the network.
export function onPaper({ strokes, width }, size = PICTURE_HEIGHT) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * size);
  canvas.height = size;
  const context = canvas.getContext("2d");
  context.fillStyle = context.strokeStyle = "#000";
  paint(context, strokes, size);
  // The paper comes last, and under the ink: an eraser would have made holes in it.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, size);
  return canvas;
}

// The same as a data URL of a JPEG, as it is sent to the server.
export function picture(drawing) {
  return onPaper(drawing).toDataURL("image/jpeg", 0.92);
}

// The strokes in pixels of that picture, as they are sent beside it; undefined where they do not say where
// ink is, because some of it was erased, or are too many to be taken.
export function pictureStrokes({ strokes, width }) {
  const points = strokes.flatMap((stroke) => stroke.points).length;
  if (strokes.some(({ erase }) => erase) || strokes.length > MOST_STROKES || points > MOST_POINTS) return undefined;
  // A stroke may leave the picture, which ends a side further on for the server.
  const pixels = (length, side) => Math.round(10 * PICTURE_HEIGHT * Math.min(Math.max(length, -side), 2 * side)) / 10;
  return strokes.map((stroke) => stroke.points.map(([x, y]) => [pixels(x, width), pixels(y, 1)]));
}
