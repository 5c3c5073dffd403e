// Writes a digit or a sign with a broad nib, as a teacher corrects in red: the pen's path is given
// below, and its edge, held at a constant angle, makes the thick and the thin of the letter.

// The paths of the pen in a box of 100 by 140, y downwards (SVG path syntax).
const PATHS = {
  0: "M58 13C30 6 13 38 13 72C13 106 27 131 50 131C74 131 88 104 88 68C88 36 76 12 51 12",
  1: "M26 38C40 34 52 24 60 10L60 130M32 130C46 127 70 132 90 128",
  2: "M16 40C18 22 32 11 50 11C70 11 82 24 82 43C82 74 46 98 14 128C34 118 58 134 92 122",
  3: "M18 26C26 16 38 10 52 10C68 10 79 20 79 36C79 54 62 66 42 66C68 64 85 78 85 98C85 120 66 132 46 132C32 132 20 128 12 118",
  4: "M63 10C52 42 35 72 11 97C38 92 66 98 92 94M66 54C65 80 65 106 66 133",
  5: "M34 16C50 12 66 18 86 12M34 16C32 32 30 46 28 64C36 57 46 54 55 54C75 54 87 69 87 90C87 116 67 132 44 132C30 132 19 127 11 118",
  6: "M80 12C42 24 15 58 15 94C15 118 29 132 50 132C71 132 85 116 85 95C85 75 71 62 53 62C35 62 20 74 16 94",
  7: "M14 32C14 24 15 18 17 14C40 22 64 16 90 13C66 46 48 86 40 133",
  8: "M79 30C76 17 65 10 52 10C36 10 24 20 24 36C24 66 85 68 85 101C85 120 70 132 50 132C30 132 15 120 15 102C15 70 77 64 79 30",
  9: "M20 132C58 120 85 86 85 49C85 24 71 11 50 11C29 11 15 27 15 48C15 68 29 81 47 81C65 81 80 69 84 49",
  "=": "M10 56L90 54M10 90L90 88",
  "≈": "M10 60C26 44 38 46 50 56C62 66 76 66 90 52M10 94C26 78 38 80 50 90C62 100 76 100 90 86",
  "≠": "M10 56L90 54M10 90L90 88M71 24L31 122",
  "?": "M20 36C22 20 34 10 51 10C69 10 81 22 81 39C81 62 51 64 50 96M47 119L54 129",
};

const ANGLE = (34 * Math.PI) / 180; // of the nib against the line of writing
const EDGE = 8.5; // half of the nib's width
const HAIR = 2.2; // the nib's thickness
const STEP = 1.5; // between samples along the path
const SPEED = 1.1; // units written in a millisecond

const samples = new Map();

// The positions of the pen along a glyph's path, one list for each stroke.
function trace(glyph) {
  if (!samples.has(glyph)) {
    const strokes = PATHS[glyph].split(/(?=M)/).map((d) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      const length = path.getTotalLength(), steps = Math.ceil(length / STEP);
      return Array.from({ length: steps + 1 }, (_, i) => path.getPointAtLength((length * i) / steps));
    });
    samples.set(glyph, strokes);
  }
  return samples.get(glyph);
}

export class Nib {
  #canvas;
  #glyph = "";
  #frame = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  // Writes a glyph, or with "" wipes the canvas. What stands there already is not written again.
  write(glyph, { slowly = false } = {}) {
    if (glyph === this.#glyph) return;
    this.#glyph = glyph;
    cancelAnimationFrame(this.#frame);
    if (!slowly || !glyph) return this.redraw();
    let begun;
    const step = (now) => {
      begun ??= now;
      const finished = this.#show((now - begun) * SPEED);
      if (!finished) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  redraw() {
    cancelAnimationFrame(this.#frame);
    this.#show(Infinity);
  }

  // Shows the first `ink` units of the glyph and says whether that is all of it.
  #show(ink) {
    const canvas = this.#canvas, context = canvas.getContext("2d");
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    if (!this.#glyph) return true;
    context.scale(canvas.height / 140, canvas.height / 140);
    context.translate((140 * canvas.width) / canvas.height / 2 - 50, 0);
    context.fillStyle = context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = HAIR;
    context.lineJoin = "round";
    const shape = new Path2D();
    let left = Math.floor(ink / STEP);
    for (const points of trace(this.#glyph)) {
      for (let i = 1; i < points.length && left > 0; i++, left--) sweep(shape, points[i - 1], points[i]);
    }
    // One fill for all pieces: filled one by one, their smoothed edges would leave seams.
    context.fill(shape);
    context.stroke(shape);
    return left > 0;
  }
}

// Adds what the nib's edge covers between two positions. All pieces turn the same way round, or
// else they would cut holes into each other.
function sweep(shape, from, to) {
  const x = EDGE * Math.cos(ANGLE), y = -EDGE * Math.sin(ANGLE);
  const turn = (to.x - from.x) * y - (to.y - from.y) * x > 0 ? 1 : -1;
  shape.moveTo(from.x - turn * x, from.y - turn * y);
  shape.lineTo(from.x + turn * x, from.y + turn * y);
  shape.lineTo(to.x + turn * x, to.y + turn * y);
  shape.lineTo(to.x - turn * x, to.y - turn * y);
  shape.closePath();
}
