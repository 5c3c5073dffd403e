// The mean and maximum activation of each block of layers, its units in a table, and the histogram of the
// weights of the output that won.

import { number } from "../shared/format.js";
import { make, svg, table } from "../shared/html.js";

const rows = document.querySelector("#layers tbody");
const chart = document.getElementById("histogram"), counts = document.querySelector("#histogram-table tbody");
const lead = document.getElementById("histogram-lead"), all = document.getElementById("work-table");
const WIDTH = 520, HEIGHT = 230, BOTTOM = 26, TOP = 22;

function describe({ kind, size, shape, activation }) {
  if (kind === "MaxPool") return `Largest of ${size} × ${size}`;
  const what = kind === "Conv" ? `${shape[2]} channels, ${size} × ${size} windows` : `${shape[0]} neurons`;
  return activation ? `${what}, ${activation}` : what;
}

// settled: the pen is up; the tables behind the pictures wait for that.
export function show(blocks, weights, settled) {
  const most = Math.max(...blocks.map(({ max }) => max), 1e-9);
  rows.replaceChildren(...blocks.map((block) => blockRow(block, most)));
  if (!settled) return;
  drawHistogram(weights);
  all.replaceChildren(...blocks.map(unitsTable));
}

function blockRow(block, most) {
  const { layer, mean, max } = block;
  const meter = make("span", "", { class: "meter" });
  meter.style.setProperty("--mean", Math.max(0, mean) / most);
  meter.style.setProperty("--max", Math.max(0, max) / most);
  const heading = make("th", [make("b", String(layer)), ` ${describe(block)}`], { scope: "row" });
  const cells = [meter, number(mean, 3), number(max, 3)].map((content) => make("td", content));
  return make("tr", [heading, ...cells], { "data-layer": layer });
}

function unitsTable(block) {
  const activations = block.values ?? block.means;
  const ranked = [...block.shown].sort((a, b) => activations[b] - activations[a]);
  const strongest = (unit) => block.edges.filter(([, to]) => to === unit)[0];
  const caption = `Layer ${block.layer}: ${describe(block)}; ${ranked.length} of ${activations.length}, the most active first`;
  return table(caption, [block.values ? "Neuron" : "Channel", block.values ? "Output" : "Mean", "Strongest input from", "adds"], ranked.map((unit) => {
    const [from, , value] = strongest(unit) ?? ["–", 0, 0];
    return [unit, number(activations[unit], 3), from, number(value, 3)];
  }));
}

function drawHistogram({ unit, counts: heights, edges }) {
  const most = Math.max(...heights, 1), low = edges[0], high = edges.at(-1);
  const x = (value) => 10 + ((value - low) / (high - low || 1)) * (WIDTH - 20);
  const y = (count) => HEIGHT - BOTTOM - (count / most) * (HEIGHT - BOTTOM - TOP);
  const bars = heights.map((count, i) => {
    const side = edges[i] + edges[i + 1] >= 0 ? "above" : "below";
    return svg("rect", { class: side, x: x(edges[i]) + 0.5, width: Math.max(0.5, x(edges[i + 1]) - x(edges[i]) - 1), y: y(count), height: HEIGHT - BOTTOM - y(count) });
  });
  const label = (value, anchor) => svg("text", { x: x(value), y: HEIGHT - 8, "text-anchor": anchor }, number(value, 2));
  chart.replaceChildren(
    ...bars,
    svg("line", { class: "axis", x1: 10, x2: WIDTH - 10, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 4, y2: HEIGHT - BOTTOM }),
    label(low, "start"), label(0, "middle"), label(high, "end"),
  );
  const total = heights.reduce((sum, count) => sum + count, 0);
  const above = heights.reduce((sum, count, i) => sum + (edges[i] + edges[i + 1] > 0 ? count : 0), 0);
  lead.textContent = `Of the ${total} weights of the output ${unit}, ${above} are above zero, which the line marks.`;
  chart.setAttribute("aria-label", `${lead.textContent} They go from ${number(low)} to ${number(high)}.`);
  counts.replaceChildren(...heights.map((count, i) => make("tr", [number(edges[i], 3), number(edges[i + 1], 3), String(count)].map((cell) => make("td", cell)))));
}
