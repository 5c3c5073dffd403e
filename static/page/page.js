// The wiring of the front page: what is drawn on the pad requests a prediction, which goes on the page.

import * as brackets from "./brackets.js";
import * as fact from "./fact.js";
import { onOffline, registerServiceWorker } from "./offline.js";
import * as panel from "./prediction.js";
import { Cursor } from "../draw/cursor.js";
import { Drawing } from "../draw/drawing.js";
import { picture, pictureStrokes } from "../draw/ink.js";
import { Pad } from "../draw/pad.js";
import { clearLink, linkedDrawing, storeDrawing, storedDrawing } from "../draw/share.js";
import { connectTools, note } from "../draw/tools.js";
import { PredictionQueue } from "../shared/prediction_queue.js";

const element = (id) => document.getElementById(id);
const canvas = element("pad"), model = element("model");
const drawing = new Drawing();
const pad = new Pad(canvas, drawing);
brackets.follow(drawing);
new Cursor(canvas, pad, drawing, (words) => (element("place").textContent = words));

let latest = null; // {prediction, request}
let shownStep = drawing.step; // of the drawing that the page has last been updated for

const queue = new PredictionQueue({
  onBusy: panel.setBusy,
  onPrediction(prediction, request) {
    latest = { prediction, request };
    showLatest();
  },
  onError(error) {
    fact.hide();
    panel.showError(error);
  },
});

const key = () => `${drawing.version} ${model.value}`;

function requestPrediction({ urgent }) {
  const { strokes, width, picture: opened, step } = drawing;
  const query = { include: "seen", model: model.value };
  const drawn = { picture: () => picture({ strokes, width }), strokes: () => pictureStrokes({ strokes, width }) };
  queue.add({ key: key(), step, urgent, query, ...(opened ? { picture: () => opened.url } : drawn) });
}

// While a stroke grows, the prediction for its beginning is shown; else only the one for this very drawing.
function showLatest() {
  const { prediction, request } = latest, fresh = request.key === key(), growing = drawing.stroke !== null;
  if (!fresh && !(growing && request.step === drawing.step && request.query.model === model.value)) return;
  panel.show(prediction, fresh, growing);
  if (prediction.number !== null) fact.show(prediction.number, prediction.fact);
  else if (!growing) fact.hide();
  if (fresh && !growing) panel.announce(fact.text());
}

drawing.addEventListener("draw", () => {
  const isAnother = shownStep !== drawing.step;
  shownStep = drawing.step;
  canvas.parentElement.toggleAttribute("data-empty", drawing.empty);
  canvas.parentElement.toggleAttribute("data-drawing", drawing.stroke !== null);
  note("");
  clearLink();
  if (drawing.empty) {
    queue.clear();
    fact.reset();
    if (navigator.onLine) panel.showNothing();
    else panel.showOffline();
  } else {
    if (isAnother) panel.awaitPrediction(fact.hide);
    else panel.markOutdated();
    if (isAnother && drawing.stroke === null) brackets.show([]);
    requestPrediction({ urgent: drawing.stroke === null });
  }
  if (drawing.stroke === null) storeDrawing(drawing);
});

drawing.addEventListener("lift", () => {
  canvas.parentElement.removeAttribute("data-drawing");
  storeDrawing(drawing);
  if (latest?.request.key === key()) return showLatest();
  panel.awaitPrediction(fact.hide);
  requestPrediction({ urgent: true });
});

panel.onChoice(async (number) => {
  const { request } = latest;
  await fact.find(number);
  if (latest.request === request && element("digit").textContent === number) panel.announce(fact.text());
});

connectTools(drawing, pad);

model.addEventListener("change", () => {
  showModelNote();
  if (drawing.empty) return;
  queue.clear();
  panel.awaitPrediction(fact.hide);
  requestPrediction({ urgent: true });
});

function showModelNote() {
  element("model-note").textContent = model.selectedOptions[0]?.dataset.note ?? "";
}

onOffline((offline) => {
  if (!offline) queue.retryNow();
  if (!drawing.empty) return;
  if (offline) panel.showOffline();
  else panel.showNothing();
});

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => {
    pad.redraw();
    panel.redraw();
  });
}

// Loads the drawing that the address carries; returns whether it carries one, readable or not.
function openLinked() {
  const linked = linkedDrawing();
  if (linked) drawing.load(linked);
  else if (linked === null) note("This link holds no drawing that can be read.");
  return linked !== undefined;
}
addEventListener("hashchange", openLinked);

showModelNote();
if (drawing.empty && navigator.onLine) panel.showNothing();
if (!openLinked() && storedDrawing()) drawing.load(storedDrawing());
registerServiceWorker();
document.documentElement.classList.add("ready");
