// How the drawing was cut into digits: the candidates for digits and the paths through them, in two tables and
// on the drawing. What one points at in a table is marked on the drawing, and a click keeps it marked.

import * as boxes from "./boxes.js";
import { number as decimal, percent } from "../../shared/format.js";
import { make } from "../../shared/html.js";

const panel = document.getElementById("division"), summary = document.getElementById("division-summary");
const tables = { paths: document.getElementById("paths"), candidates: document.getElementById("candidates") };

let winner = null; // {candidates: [indexes], digits}: the path that is the answer; of no answer without any
let choices = new Map(); // by row of the tables: the same
let kept = null; // the row that was clicked on

// handler(place): a digit of the answer was clicked on, counted from 0.
export function onDigit(handler) {
  boxes.onCandidate({
    onPoint: (index) => mark(index === null ? null : rowOf(index)),
    onClick(index) {
      const place = winner.candidates.indexOf(index);
      if (place >= 0) handler(place);
    },
  });
}

export function hide() {
  panel.hidden = true;
}

// prediction: as the API describes it; sheet: the drawing as it was sent.
export function show(prediction, sheet) {
  const { division, number } = prediction;
  panel.hidden = !division;
  if (!division) return;
  const { source, candidates, paths } = division, pieces = source === "strokes" ? "Strokes" : "Pieces";
  const won = paths.find((path) => path.number === number);
  winner = { candidates: won?.candidates ?? [], digits: number ?? "" };
  kept = null;
  choices = new Map();
  boxes.draw(division, sheet, winner.candidates);
  tables.paths.hidden = !paths.length;
  const ranked = won ? [won, ...paths.filter((path) => path !== won)] : paths;
  fill(tables.paths, ["Number", `${pieces} of its digits`, "Probability"], ranked.map((path) => ({
    cells: [path.number, path.candidates.map((index) => rangeOf(candidates[index])).join(", "), percent(path.probability)],
    choice: { candidates: path.candidates, digits: path.number },
    hasWon: path === won,
  })));
  fill(tables.candidates, [pieces, "Digit", "Probability", "Score"], fromLeft(candidates).map((index) => ({
    cells: [rangeOf(candidates[index]), candidates[index].digit, percent(candidates[index].probability), decimal(candidates[index].score, 1)],
    choice: { candidates: [index], digits: String(candidates[index].digit) },
    hasWon: winner.candidates.includes(index),
  })));
  summary.textContent = sentence(division, prediction);
  panel.querySelector("canvas").setAttribute("aria-label", won ? `The drawing, cut into ${[...number].join(", ")}` : "The drawing, with the boxes of all candidates");
  mark(null);
}

const rangeOf = ({ start, end }) => (end - start > 1 ? `${start + 1}–${end}` : String(end));

// The indexes of the candidates from left to right, the shorter first.
function fromLeft(candidates) {
  const indexes = candidates.map((_, index) => index);
  return indexes.sort((a, b) => candidates[a].start - candidates[b].start || candidates[a].end - candidates[b].end);
}

function sentence({ source, pieces, candidates }, { number, confidence }) {
  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const found = `${count(pieces, source === "strokes" ? "stroke" : "piece")}, ${count(candidates.length, "candidate")}.`;
  return number === null ? `${found} No number won.` : `${found} ${number} won with ${percent(confidence)}.`;
}

// A row is a button, and cells: the first is its heading.
function fill(table, head, rows) {
  table.tHead.replaceChildren(make("tr", head.map((words) => make("th", words, { scope: "col" }))));
  table.tBodies[0].replaceChildren(...rows.map(({ cells: [name, ...cells], choice, hasWon }, i) => {
    const button = make("button", name, { type: "button", "aria-pressed": "false", tabindex: i ? -1 : 0 });
    const heading = make("th", hasWon ? [button, make("span", ", won", { class: "unseen" })] : button, { scope: "row" });
    const row = make("tr", [heading, ...cells.map((cell) => make("td", cell))], hasWon ? { class: "won" } : {});
    choices.set(row, choice);
    return row;
  }));
}

const rowOf = (index) => [...tables.candidates.tBodies[0].rows].find((row) => choices.get(row).candidates[0] === index);

// Marks what a row stands for; without one what was clicked on, or else the path that won.
function mark(row) {
  const shown = row ?? kept, choice = shown ? choices.get(shown) : winner;
  for (const [each] of choices) each.classList.toggle("marked", each === shown);
  boxes.mark(choice, !shown || shown.classList.contains("won"));
}

function keep(row) {
  kept = kept === row ? null : row;
  for (const [each] of choices) each.querySelector("button").setAttribute("aria-pressed", String(each === kept));
  mark(row);
}

for (const { tBodies: [body] } of Object.values(tables)) {
  const rowAt = ({ target }) => target.closest("tr");
  body.addEventListener("pointerover", (event) => mark(rowAt(event)));
  body.addEventListener("pointerleave", () => mark(null));
  body.addEventListener("focusout", () => mark(null));
  body.addEventListener("click", (event) => rowAt(event) && keep(rowAt(event)));
  // One button of a table is in the tab order; the arrow keys go from it to the others.
  body.addEventListener("focusin", (event) => {
    for (const button of body.querySelectorAll("button")) button.tabIndex = button === event.target ? 0 : -1;
    mark(rowAt(event));
  });
  body.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    body.rows[rowAt(event).sectionRowIndex + step]?.querySelector("button").focus();
  });
}
