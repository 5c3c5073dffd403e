// The confusion matrices and the pictures behind their cells.

import { percent } from "../shared/format.js";
import { make } from "../shared/html.js";

const PER_PAGE = 24; // pictures
const gallery = document.getElementById("gallery"), list = document.getElementById("pictures");
const lead = document.getElementById("gallery-lead");
const more = document.getElementById("more-pictures"), again = document.getElementById("all-mistakes");
const buttons = [...document.querySelectorAll("#matrix-models button")];
const matrices = [...document.querySelectorAll(".matrix")];

let sprite = null, table = null; // all pictures in one, and what they show; see `python -m nn mistakes`
let model = buttons.find((button) => button.ariaPressed === "true")?.dataset.model;
let cell = null; // {digit, as, count}
let shown = PER_PAGE;

async function load() {
  if (table) return;
  const [json, image] = await Promise.all([
    fetch(gallery.dataset.table).then((response) => response.json()),
    new Promise((resolve, reject) => {
      const picture = new Image();
      picture.onload = () => resolve(picture);
      picture.onerror = reject;
      picture.src = gallery.dataset.pictures;
    }),
  ]);
  [table, sprite] = [json, image];
}

async function show() {
  try {
    await load();
  } catch {
    lead.textContent = "The pictures could not be fetched.";
    return;
  }
  const all = (table.networks[model] ?? []).map(([index, predicted, ...thousandths]) => {
    return { index, label: table.labels[index], predicted, probabilities: thousandths.map((p) => p / 1000) };
  });
  const wanted = all.filter(({ label, predicted }) => (cell ? label === cell.digit && predicted === cell.as : label !== predicted));
  wanted.sort((a, b) => b.probabilities[b.predicted] - a.probabilities[a.predicted]);
  const part = wanted.slice(0, shown);
  lead.textContent = cell
    ? `${model}: ${cell.digit} read as ${cell.as} ${cell.count} times; ${wanted.length} of them are shown here.`
    : `${model}: ${wanted.length} of its mistakes, with the probabilities of all ten digits; red is the prediction, blue the label.`;
  list.replaceChildren(...part.map(picture));
  more.hidden = part.length === wanted.length;
  again.hidden = !cell;
  gallery.dataset.shown = cell ? `${model} ${cell.digit} ${cell.as}` : model;
}

function picture({ index, label, predicted, probabilities }) {
  const canvas = make("canvas", "", { role: "img", width: 28, height: 28 });
  canvas.dataset.row = table.rows[index];
  canvas.setAttribute("aria-label", `A ${label} of MNIST’s test set, image ${table.rows[index]}`);
  const x = (index % table.columns) * 28, y = Math.floor(index / table.columns) * 28;
  canvas.getContext("2d").drawImage(sprite, x, y, 28, 28, 0, 0, 28, 28);
  const bars = make("span", "", { class: "mini", "aria-hidden": "true" });
  probabilities.forEach((p, digit) => {
    const bar = make("i", "", { class: digit === predicted ? "top" : digit === label ? "label" : "" });
    bar.style.setProperty("--p", p);
    bars.append(bar);
  });
  const others = probabilities.map((p, digit) => [p, digit]).filter(([p, digit]) => p >= 0.01 && digit !== predicted);
  const rest = others.sort((a, b) => b[0] - a[0]).map(([p, digit]) => `${digit} ${percent(p)}`).join(", ");
  const caption = make("span", [make("b", `${label} as ${predicted}`), ` ${percent(probabilities[predicted])}`]);
  return make("li", [canvas, caption, bars, make("span", rest ? `also ${rest}` : "nothing else", { class: "unseen" })]);
}

function choose(name) {
  model = name;
  cell = null;
  shown = PER_PAGE;
  for (const matrix of matrices) matrix.toggleAttribute("data-shown", matrix.dataset.model === name);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.model === name));
  mark();
  show();
}

function mark() {
  for (const button of document.querySelectorAll(".matrix button")) {
    const { digit, as } = button.dataset;
    const chosen = cell && Number(digit) === cell.digit && Number(as) === cell.as && button.closest(".matrix").dataset.model === model;
    button.toggleAttribute("data-chosen", Boolean(chosen));
  }
}

for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.model));
for (const matrix of matrices) {
  matrix.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    cell = { digit: Number(target.dataset.digit), as: Number(target.dataset.as), count: target.textContent };
    shown = PER_PAGE;
    mark();
    show();
  });
}
more.addEventListener("click", () => {
  shown += 4 * PER_PAGE;
  show();
});
again.addEventListener("click", () => choose(model));
document.getElementById("matrix-models").hidden = false;

// Fetched when one comes near, for most visitors come to draw.
new IntersectionObserver((entries, observer) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  observer.disconnect();
  show();
}, { rootMargin: "600px" }).observe(gallery);
