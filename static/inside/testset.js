// The confusion matrices and the pictures behind their cells.

import { make, percent } from "./paint.js";

const AT_ONCE = 24; // pictures
const gallery = document.getElementById("gallery"), list = document.getElementById("pictures");
const lead = document.getElementById("gallery-lead");
const more = document.getElementById("more-pictures"), again = document.getElementById("all-mistakes");
const buttons = [...document.querySelectorAll("#matrix-models button")];
const matrices = [...document.querySelectorAll(".matrix")];

let sheet = null, kept = null; // the picture of all pictures, and what is in it
let model = buttons.find((button) => button.ariaPressed === "true")?.dataset.model;
let cell = null; // {digit, as, count}
let shown = AT_ONCE;

async function load() {
  if (kept) return;
  const [answer, image] = await Promise.all([
    fetch(gallery.dataset.table).then((response) => response.json()),
    new Promise((resolve, reject) => {
      const picture = new Image();
      picture.onload = () => resolve(picture);
      picture.onerror = reject;
      picture.src = gallery.dataset.pictures;
    }),
  ]);
  [kept, sheet] = [answer, image];
}

async function show() {
  try {
    await load();
  } catch {
    lead.textContent = "The pictures could not be fetched.";
    return;
  }
  const all = (kept.networks[model] ?? []).map(([place, answer, ...thousandths]) => {
    return { place, label: kept.labels[place], answer, probabilities: thousandths.map((p) => p / 1000) };
  });
  const wanted = cell ? all.filter(({ label, answer }) => label === cell.digit && answer === cell.as) : all.filter(({ label, answer }) => label !== answer);
  wanted.sort((a, b) => b.probabilities[b.answer] - a.probabilities[a.answer]);
  const part = wanted.slice(0, shown);
  lead.textContent = cell
    ? `${model}: ${cell.digit} read as ${cell.as} ${cell.count} times; ${wanted.length} of them are kept here.`
    : `${model}: ${wanted.length} of its mistakes, with the probabilities of all ten digits; red is its answer, blue what it was.`;
  list.replaceChildren(...part.map(picture));
  more.hidden = part.length === wanted.length;
  again.hidden = !cell;
  gallery.dataset.shown = cell ? `${model} ${cell.digit} ${cell.as}` : model;
}

function picture({ place, label, answer, probabilities }) {
  const canvas = make("canvas", "", { role: "img", width: 28, height: 28 });
  canvas.dataset.row = kept.rows[place];
  canvas.setAttribute("aria-label", `A ${label} of MNIST’s test set, image ${kept.rows[place]}`);
  const x = (place % kept.columns) * 28, y = Math.floor(place / kept.columns) * 28;
  canvas.getContext("2d").drawImage(sheet, x, y, 28, 28, 0, 0, 28, 28);
  const bars = make("span", "", { class: "mini", "aria-hidden": "true" });
  probabilities.forEach((p, digit) => {
    const bar = make("i", "", { class: digit === answer ? "top" : digit === label ? "label" : "" });
    bar.style.setProperty("--p", p);
    bars.append(bar);
  });
  const others = probabilities.map((p, digit) => [p, digit]).filter(([p, digit]) => p >= 0.01 && digit !== answer).sort((a, b) => b[0] - a[0]);
  const rest = others.map(([p, digit]) => `${digit} ${percent(p)}`).join(", ");
  return make("li", [canvas, make("span", [make("b", `${label} as ${answer}`), ` ${percent(probabilities[answer])}`]), bars, make("span", rest ? `also ${rest}` : "nothing else", { class: "unseen" })]);
}

function choose(name) {
  model = name;
  cell = null;
  shown = AT_ONCE;
  for (const matrix of matrices) matrix.toggleAttribute("data-shown", matrix.dataset.model === name);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.model === name));
  mark();
  show();
}

function mark() {
  for (const button of document.querySelectorAll(".matrix button")) {
    const is = cell && Number(button.dataset.digit) === cell.digit && Number(button.dataset.as) === cell.as;
    button.toggleAttribute("data-chosen", Boolean(is) && button.closest(".matrix").dataset.model === model);
  }
}

for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.model));
for (const matrix of matrices) {
  matrix.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    cell = { digit: Number(target.dataset.digit), as: Number(target.dataset.as), count: target.textContent };
    shown = AT_ONCE;
    mark();
    show();
  });
}
more.addEventListener("click", () => {
  shown += 4 * AT_ONCE;
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
