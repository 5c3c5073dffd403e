// A drawing as a short text: for links, for the session's storage and for the samples.
//
// The text is "1", the version of the format, then for each stroke a letter for its kind (pen, eraser, with
// pressure), the number of its points, and for each point x, y and the pressure if it has one: of the first
// point as they are, of the others as differences to the point before. Lengths are in 1024ths of the sheet's
// height, pressures in 31sts. The lowest bit of a number is its sign. A letter carries five bits of a number,
// the lowest first, and a sixth bit that says whether another letter follows. The alphabet is that of
// base64url, which links carry as it is.
//
// That is a square sheet. Of any other the text is "2" and the sheet's width in squares, and with each stroke
// comes its width, after the kind: it is none of the pens' where the pad showed the sheet smaller than it is.

import { SQUARES, WIDTHS, distance } from "./ink.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SQUARE = "1", WIDE = "2"; // the versions
const UNITS = 1024;
const FAR = 9 * UNITS; // from the sheet's corner
const WIDEST = 4; // heights of the sheet
const PRESSURES = 31;
const TOLERANCE = 0.0012; // heights of the sheet: points nearer than this to the line without them are left out
const STEP = 0.02; // heights of the sheet, between decoded points at most
const LONGEST = 20_000; // characters; a drawing by hand has far fewer
const MOST_POINTS = 10_000; // of all strokes, once decoded: a few letters can make a line of thousands
const PENS = Object.values(WIDTHS);

// The text of a drawing {strokes, width}, or null where its strokes are too many to be decoded.
export function encode({ strokes, width: sheet }) {
  const square = sheet === 1;
  let text = square ? SQUARE : WIDE + encodeNumber(Math.round(SQUARES * sheet));
  for (const { width, points, erase = false } of strokes) {
    const simplified = simplify(points), pen = nearestPen(width), withPressure = points[0].length === 3;
    text += ALPHABET[pen + 4 * erase + 8 * withPressure];
    if (!square) text += encodeNumber(Math.round(UNITS * width));
    text += encodeNumber(simplified.length);
    let last = [0, 0, 0];
    for (const [x, y, pressure = 0] of simplified) {
      const now = [Math.round(x * UNITS), Math.round(y * UNITS), Math.round(pressure * PRESSURES)];
      const numbers = now.map((value, i) => value - last[i]).slice(0, withPressure ? 3 : 2);
      text += numbers.map(encodeNumber).join("");
      last = now;
    }
  }
  return decode(text) && text;
}

// The drawing that a text encodes; null for any other text, or one that is cut.
export function decode(text) {
  if (typeof text !== "string" || text.length > LONGEST || ![SQUARE, WIDE].includes(text[0])) return null;
  const square = text[0] === SQUARE;
  const digits = [...text.slice(1)].map((letter) => ALPHABET.indexOf(letter));
  if (digits.includes(-1)) return null;
  let next = 0;
  const readNumber = () => {
    let value = 0, shift = 0, digit;
    do {
      digit = digits[next++];
      if (digit === undefined || shift > 25) throw new RangeError("cut or too large");
      value |= (digit & 31) << shift;
      shift += 5;
    } while (digit & 32);
    return value & 1 ? -(value >>> 1) : value >>> 1;
  };
  let room = MOST_POINTS;
  try {
    const strokes = [], sheet = square ? 1 : readNumber() / SQUARES;
    if (sheet < 1 || sheet > WIDEST) return null;
    while (next < digits.length) {
      const kind = digits[next++], width = square ? PENS[kind & 3] : readNumber() / UNITS;
      const count = readNumber(), length = kind & 8 ? 3 : 2;
      if (kind > 15 || width <= 0 || width > 1 || count < 1 || count > digits.length) return null;
      const points = [];
      let last = Array(length).fill(0);
      for (let i = 0; i < count; i++) {
        last = last.map((value) => value + readNumber());
        const [x, y, pressure = 0] = last;
        // Strokes may leave the pad, but not by far.
        if (Math.abs(x) > FAR || Math.abs(y) > FAR || pressure < 0 || pressure > PRESSURES) return null;
        const point = [x / UNITS, y / UNITS, pressure / PRESSURES].slice(0, length);
        const reached = between(points.at(-1), point);
        points.push(...reached, point);
        room -= reached.length + 1;
        if (room < 0) return null;
      }
      strokes.push({ width, points, ...(kind & 4 && { erase: true }) });
    }
    return strokes.length ? { strokes, width: sheet } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function encodeNumber(number) {
  let value = number < 0 ? -number * 2 + 1 : number * 2, text = "";
  do {
    const digit = value & 31;
    value >>>= 5;
    text += ALPHABET[value ? digit | 32 : digit];
  } while (value);
  return text;
}

const nearestPen = (width) => {
  const gaps = PENS.map((pen) => Math.abs(pen - width));
  return gaps.indexOf(Math.min(...gaps));
};

// Points on the way from one to the next, as close as a hand leaves them: the ink is smoothed between its
// points, and would cut a corner whose neighbours are far.
function between(from, to) {
  const pieces = from ? Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / STEP) : 0;
  return Array.from({ length: Math.max(0, pieces - 1) }, (_, i) =>
    to.map((value, axis) => from[axis] + ((value - from[axis]) * (i + 1)) / pieces),
  );
}

// The points without which the line would be another one (Ramer 1972; Douglas and Peucker 1973).
function simplify(points) {
  const needed = new Set([0, points.length - 1]), parts = [[0, points.length - 1]];
  while (parts.length) {
    const [from, to] = parts.pop();
    let farthest = 0, worst = TOLERANCE;
    for (let i = from + 1; i < to; i++) {
      const deviation = deviationOf(points[i], points[from], points[to], (i - from) / (to - from));
      if (deviation > worst) [farthest, worst] = [i, deviation];
    }
    if (!farthest) continue;
    needed.add(farthest);
    parts.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => needed.has(i));
}

// How far a point is from the line without it, or its pressure from the one interpolated at t, 0 to 1.
function deviationOf(point, from, to, t) {
  const [pressure = 0, before = 0, after = 0] = [point[2], from[2], to[2]];
  const difference = Math.abs(pressure - before - t * (after - before));
  return Math.max(distance(point, from, to), 0.04 * difference);
}
