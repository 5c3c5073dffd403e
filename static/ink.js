// Strokes as ink. A stroke is {width, points: [[x, y], ...]}: lengths are in sides of the pad,
// y points downwards, so that one drawing fits a pad of any size. Nothing here knows of any page.

export const WIDTHS = { thin: 12 / 280, medium: 20 / 280, thick: 28 / 280 };

// Paints strokes in the context's own colours onto a square whose side is `size` pixels.
export function paint(context, strokes, size) {
  context.lineCap = context.lineJoin = "round";
  for (const { width, points } of strokes) {
    const at = points.map(([x, y]) => [x * size, y * size]);
    context.beginPath();
    if (at.length === 1) {
      // A line of no length has caps in some browsers and none in others; a disc is a dot in all.
      context.arc(...at[0], (width * size) / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    // Through the midpoints, with the points themselves as controls: no corners where a fast hand
    // leaves few points.
    context.lineWidth = width * size;
    context.moveTo(...at[0]);
    for (let i = 1; i < at.length - 1; i++) {
      const [x, y] = at[i], [nextX, nextY] = at[i + 1];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    context.lineTo(...at.at(-1));
    context.stroke();
  }
}

// The drawing as a data URL of a JPEG: black on an opaque white square. It is drawn apart from the
// visible pad, so that theme, squares and pixel ratio never reach the network.
export function picture(strokes, { size = 280, quality = 0.92 } = {}) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d", { alpha: false });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.fillStyle = context.strokeStyle = "#000";
  paint(context, strokes, size);
  return canvas.toDataURL("image/jpeg", quality);
}
