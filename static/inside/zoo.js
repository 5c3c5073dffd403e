// All networks on the same drawing, a row each.

import { percent } from "./paint.js";

const rows = [...document.querySelectorAll("#zoo tbody tr")];

export function show(answers) {
  const votes = new Map();
  for (const { digit } of answers) votes.set(digit, (votes.get(digit) ?? 0) + 1);
  const most = [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
  for (const row of rows) {
    const answer = answers.find(({ model }) => model === row.dataset.model);
    if (!answer) continue;
    const { digit, rejected, confidence, milliseconds } = answer;
    row.querySelector(".reads").textContent = rejected === "blank" ? "" : digit ?? "no digit";
    row.querySelector(".sure").textContent = digit === null ? "" : percent(confidence);
    row.querySelector(".took").textContent = `${milliseconds.toFixed(1)}\u00a0ms`;
    row.style.setProperty("--sure", confidence);
    row.classList.toggle("odd", digit !== most);
  }
}

export function mark(model) {
  for (const row of rows) row.toggleAttribute("data-shown", row.dataset.model === model);
}

export function forget() {
  for (const row of rows) {
    for (const name of ["reads", "sure", "took"]) row.querySelector(`.${name}`).textContent = "";
    row.style.removeProperty("--sure");
    row.classList.remove("odd");
  }
}
