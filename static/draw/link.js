// A drawing as a short text, for links and for the page beside this one. The text is "1" (of this
// way of writing), then for each stroke a letter for its kind, the number of its points, and x, y and
// where there is one pressure, first of all of the first point, then of each the difference to
// the one before. Lengths are whole 1024ths of the pad's side, pressures 31sts. A number is written
// with digits of five bits, the lowest first, a sixth bit saying that another follows; its own
// lowest bit is the sign. The alphabet is that of base64url, which links carry as it is.

import { WIDTHS, distance } from "./ink.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VERSION = "1";
const UNITS = 1024;
const FAR = 9 * UNITS;
const PRESSURES = 31;
const FINE = 0.0012; // sides of the pad: points nearer than this to the line without them are left out
const STEP = 0.02; // sides of the pad
const LONGEST = 20_000; // characters, of which no browser's address bar takes more
const PENS = Object.values(WIDTHS);

export function encode(strokes) {
  let text = VERSION;
  for (const { width, points, erase = false } of strokes) {
    const kept = thinned(points), pen = nearest(width), withPressure = points[0].length === 3;
    text += ALPHABET[pen + 4 * erase + 8 * withPressure] + written(kept.length);
    let last = [0, 0, 0];
    for (const [x, y, pressure = 0] of kept) {
      const now = [Math.round(x * UNITS), Math.round(y * UNITS), Math.round(pressure * PRESSURES)];
      const numbers = now.map((value, i) => value - last[i]).slice(0, withPressure ? 3 : 2);
      text += numbers.map(written).join("");
      last = now;
    }
  }
  return text;
}

// The strokes a text stands for; null when it is none of these, or cut.
export function decode(text) {
  if (typeof text !== "string" || text.length > LONGEST || !text.startsWith(VERSION)) return null;
  const digits = [...text.slice(1)].map((letter) => ALPHABET.indexOf(letter));
  if (digits.includes(-1)) return null;
  let at = 0;
  const read = () => {
    let value = 0, shift = 0, digit;
    do {
      digit = digits[at++];
      if (digit === undefined || shift > 25) throw new RangeError("cut or too large");
      value |= (digit & 31) << shift;
      shift += 5;
    } while (digit & 32);
    return value & 1 ? -(value >>> 1) : value >>> 1;
  };
  try {
    const strokes = [];
    while (at < digits.length) {
      const kind = digits[at++], count = read(), length = kind & 8 ? 3 : 2;
      if (kind > 15 || count < 1 || count > digits.length) return null;
      const points = [];
      let last = Array(length).fill(0);
      for (let i = 0; i < count; i++) {
        last = last.map((value) => value + read());
        const [x, y, pressure = 0] = last;
        // Strokes may leave the pad, but not by far.
        if (Math.abs(x) > FAR || Math.abs(y) > FAR || pressure < 0 || pressure > PRESSURES) return null;
        const place = [x / UNITS, y / UNITS, pressure / PRESSURES].slice(0, length);
        points.push(...between(points.at(-1), place), place);
      }
      strokes.push({ width: PENS[kind & 3], points, ...(kind & 4 && { erase: true }) });
    }
    return strokes.length ? strokes : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function written(number) {
  let value = number < 0 ? -number * 2 + 1 : number * 2, text = "";
  do {
    const digit = value & 31;
    value >>>= 5;
    text += ALPHABET[value ? digit | 32 : digit];
  } while (value);
  return text;
}

const nearest = (width) => {
  const gaps = PENS.map((pen) => Math.abs(pen - width));
  return gaps.indexOf(Math.min(...gaps));
};

// Points on the way from one to the next, as close as a hand leaves them: ink is smooth between its
// points, and would go round a corner whose neighbours are far.
function between(from, to) {
  const pieces = from ? Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / STEP) : 0;
  return Array.from({ length: Math.max(0, pieces - 1) }, (_, i) =>
    to.map((value, axis) => from[axis] + ((value - from[axis]) * (i + 1)) / pieces),
  );
}

// The points without which the line would be another one (Ramer 1972; Douglas and Peucker 1973).
function thinned(points) {
  const keep = new Set([0, points.length - 1]), parts = [[0, points.length - 1]];
  while (parts.length) {
    const [from, to] = parts.pop();
    let farthest = 0, worst = FINE;
    for (let i = from + 1; i < to; i++) {
      const off = apart(points[i], points[from], points[to], (i - from) / (to - from));
      if (off > worst) [farthest, worst] = [i, off];
    }
    if (!farthest) continue;
    keep.add(farthest);
    parts.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => keep.has(i));
}

// How far a point is from the line without it, or its pressure from what that would be there.
function apart(point, from, to, share) {
  const [pressure = 0, before = 0, after = 0] = [point[2], from[2], to[2]];
  const pressed = Math.abs(pressure - before - share * (after - before));
  return Math.max(distance(point, from, to), 0.04 * pressed);
}
