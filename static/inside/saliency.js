// Saliency: which ink speaks for a digit and which against it, laid over the input of the network.

import { largest, opacity, paintPixels, rgb } from "./pixels.js";
import { number } from "../shared/format.js";
import { table } from "../shared/html.js";

const WORDS = {
  winner: (first) => `Which ink makes it a ${first}`,
  second: (first, second) => `Which ink would make it a ${second}`,
  change: (first, second) => `What would make it a ${second} and no ${first}: blue wants more ink, orange less`,
};
const RANKED = 8; // pixels in the table

// settled: the pen is up; the tables wait for that.
export function show(saliency, seen, settled) {
  const { winner, runner_up: second } = saliency;
  paint("winner", winner.values, seen, saliency);
  paint("second", second.values, seen, saliency);
  paint("change", second.change, seen, saliency);
  if (!settled) return;
  document.getElementById("why-table").replaceChildren(
    ranking(`Ink for and against ${winner.digit}`, winner.values),
    ranking(`Ink for and against ${second.digit}`, second.values),
  );
}

function paint(name, values, seen, { winner, runner_up: second }) {
  const canvas = document.getElementById(`why-${name}`);
  const above = rgb("--for"), below = rgb("--against"), ink = rgb("--soft"), most = largest(values);
  paintPixels(canvas, 28, 28, (i) => {
    const cover = opacity(values[i] / most) / 255, gray = 0.28 * seen[i];
    const tone = values[i] > 0 ? above : below;
    const alpha = cover + gray * (1 - cover); // the tone over a shadow of the drawing
    return [...tone.map((part, k) => (alpha ? (part * cover + ink[k] * gray * (1 - cover)) / alpha : 0)), 255 * alpha];
  });
  const words = WORDS[name](winner.digit, second.digit);
  document.getElementById(`why-${name}-words`).textContent = words;
  const plus = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const minus = values.reduce((sum, value) => sum + Math.min(0, value), 0);
  canvas.setAttribute("aria-label", `${words}. For it ${number(plus)} in all, against it ${number(minus)}.`);
}

function ranking(caption, values) {
  const order = values.map((_, i) => i).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, RANKED);
  return table(caption, ["Row, column", "Contribution to the score"], order.map((i) => [`${Math.floor(i / 28)}, ${i % 28}`, number(values[i], 3)]));
}
