// The wiring: what is drawn on the pad goes to the reader, what the reader says goes on the page.

import * as answer from "./answer.js";
import * as fact from "./fact.js";
import { Cursor } from "../draw/cursor.js";
import { Drawing } from "../draw/drawing.js";
import { picture } from "../draw/ink.js";
import { keepPage, watchNetwork } from "./offline.js";
import { Pad } from "../draw/pad.js";
import { Reader } from "../shared/reader.js";
import { forgetShared, keep, kept, shared } from "../draw/share.js";
import { connectTools, note } from "../draw/tools.js";

const element = (id) => document.getElementById(id);
const canvas = element("pad"), model = element("model");
const drawing = new Drawing();
const pad = new Pad(canvas, drawing);
new Cursor(canvas, pad, drawing, (words) => (element("place").textContent = words));

let latest = null; // {said, job}: the last answer and what it is the answer to
let step = drawing.step; // of the drawing that the page has last been told of

const reader = new Reader({
  busy: answer.busy,
  answer(said, job) {
    latest = { said, job };
    showLatest();
  },
  trouble(trouble) {
    fact.hush();
    answer.showTrouble(trouble);
  },
});

const key = () => `${drawing.version} ${model.value}`;

function read(urgent) {
  const { strokes, picture: opened, step } = drawing;
  const url = () => opened?.url ?? picture(strokes);
  reader.read({ key: key(), step, model: model.value, urgent, picture: url });
}

// While a stroke grows, the answer to its beginning is shown; else only the one to this very drawing.
function showLatest() {
  const { said, job } = latest, fresh = job.key === key(), growing = drawing.stroke !== null;
  if (!fresh && !(growing && job.step === drawing.step && job.model === model.value)) return;
  answer.showAnswer(said, fresh, growing);
  if (said.digit !== null && !said.rejected) fact.tell(said.digit, said.fact);
  else if (!growing) fact.hush();
  if (fresh && !growing) answer.speak(fact.text());
}

drawing.addEventListener("draw", () => {
  const another = step !== drawing.step;
  step = drawing.step;
  canvas.parentElement.toggleAttribute("data-empty", drawing.empty);
  canvas.parentElement.toggleAttribute("data-drawing", drawing.stroke !== null);
  note("");
  forgetShared();
  if (drawing.empty) {
    reader.cancel();
    fact.forget();
    if (navigator.onLine) answer.showNothing();
    else answer.showOffline();
  } else {
    if (another) answer.unknown(fact.hush);
    else answer.outdated();
    read(drawing.stroke === null);
  }
  if (drawing.stroke === null) keep(drawing);
});

drawing.addEventListener("lift", () => {
  canvas.parentElement.removeAttribute("data-drawing");
  keep(drawing);
  if (latest?.job.key === key()) return showLatest();
  answer.unknown(fact.hush);
  read(true);
});

connectTools(drawing, pad);

model.addEventListener("change", () => {
  showNote();
  if (drawing.empty) return;
  reader.cancel();
  answer.unknown(fact.hush);
  read(true);
});

function showNote() {
  element("model-note").textContent = model.selectedOptions[0]?.dataset.note ?? "";
}

watchNetwork((gone) => {
  if (!gone) reader.hurry();
  if (!drawing.empty) return;
  if (gone) answer.showOffline();
  else answer.showNothing();
});

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => {
    pad.redraw();
    answer.redraw();
  });
}

function openShared() {
  const strokes = shared();
  if (strokes) drawing.load(strokes);
  else if (strokes === null) note("This link holds no drawing that can be read.");
  return strokes;
}
addEventListener("hashchange", openShared);

showNote();
if (drawing.empty && navigator.onLine) answer.showNothing();
if (openShared() === undefined && kept()) drawing.load(kept());
keepPage();
document.documentElement.classList.add("ready");
