// What every network predicts for the same drawing, a row each.

import { percent } from "../shared/format.js";

const rows = [...document.querySelectorAll("#zoo tbody tr")];

export function show(predictions) {
  const votes = new Map();
  for (const { digit } of predictions) votes.set(digit, (votes.get(digit) ?? 0) + 1);
  const majority = [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
  for (const row of rows) {
    const prediction = predictions.find(({ model }) => model === row.dataset.model);
    if (!prediction) continue;
    const { digit, rejected, doubtful, confidence, milliseconds } = prediction;
    row.querySelector(".reads").textContent = rejected === "blank" ? "" : digit === null ? "no digit" : `${digit}${doubtful ? "?" : ""}`;
    row.querySelector(".sure").textContent = digit === null ? "" : percent(confidence);
    row.querySelector(".took").textContent = `${milliseconds.toFixed(1)}\u00a0ms`;
    row.style.setProperty("--sure", confidence);
    row.classList.toggle("odd", digit !== majority);
  }
}

// Marks the row of the network that the other panels show.
export function mark(model) {
  for (const row of rows) row.toggleAttribute("data-shown", row.dataset.model === model);
}

export function clear() {
  for (const row of rows) {
    for (const name of ["reads", "sure", "took"]) row.querySelector(`.${name}`).textContent = "";
    row.style.removeProperty("--sure");
    row.classList.remove("odd");
  }
}
