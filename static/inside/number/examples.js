// Drawings to begin with.

import { exampleOf as digitOf } from "../../draw/samples.js";

const SCALE = 0.7, OVERLAP = 0.02; // of the digits of a number: their size, and how far one reaches over the next

// A drawing of a number such as "7". Several digits stand so close that it is a question where each ends.
export function exampleOf(number) {
  const digits = [...number].map((digit) => digitOf(Number(digit)));
  if (digits.length === 1) return digits[0];
  const strokes = [], margin = (1 - SCALE) / 2;
  let right = margin;
  for (const digit of digits) {
    const [low, high] = extent(digit.strokes), shift = right - SCALE * low;
    const moved = ([x, y, ...rest]) => [SCALE * x + shift, SCALE * y + margin, ...rest];
    strokes.push(...digit.strokes.map((stroke) => ({ ...stroke, points: stroke.points.map(moved) })));
    right += SCALE * (high - low) - OVERLAP;
  }
  return { strokes, width: right + OVERLAP + margin };
}

function extent(strokes) {
  const xs = strokes.flatMap(({ points }) => points.map(([x]) => x));
  return [Math.min(...xs), Math.max(...xs)];
}
