// The wiring of /inside: each change of the drawing or the controls requests a prediction, which goes to
// the panels.

import * as allNetworks from "./all_networks.js";
import * as layers from "./layers.js";
import * as buttons from "./network_buttons.js";
import * as networkView from "./network_view.js";
import * as neuronPanel from "./neuron.js";
import * as digitRow from "./number/digits.js";
import * as division from "./number/division.js";
import { exampleOf } from "./number/examples.js";
import * as perturbations from "./perturbations.js";
import { paintPixels, rgb } from "./pixels.js";
import * as preprocessing from "./preprocessing_steps.js";
import * as probabilities from "./probabilities.js";
import * as saliency from "./saliency.js";
import { Drawing } from "../draw/drawing.js";
import { PICTURE_HEIGHT, paint, pictureStrokes } from "../draw/ink.js";
import { Pad } from "../draw/pad.js";
import { storeDrawing, storedDrawing } from "../draw/share.js";
import { errorSentence, percent } from "../shared/format.js";
import { PredictionQueue } from "../shared/prediction_queue.js";
import "../testset/testset.js";

const element = (id) => document.getElementById(id);
const INK = "#17264f"; // on a transparent ground: the preprocessing steps show what becomes of both
const INCLUDE = "seen,steps,division,activations,saliency";
const MESSAGES = {
  blank: "Nothing is left to see",
  doubtful: "or no digit at all",
  "not-a-digit": "That is no digit it knows",
  "doubtful-number": "or no number at all",
};
const TIMES = { pace: 120, timeout: 20_000 }; // ms

const drawing = new Drawing();
const pad = new Pad(element("pad"), drawing);
const model = element("model");
let latest = null; // the last prediction
let place = 0; // of the digit of a number that the panels show
let selected = null, pinned = null; // the unit shown in the neuron panel, and the one chosen by a click
let position = null; // [row, column] in the map of the selected unit
let version = 0; // grows with every change of drawing and controls

const setBusy = (yes) => element("digit").setAttribute("aria-busy", String(yes));
const queue = new PredictionQueue({ onBusy: setBusy, onPrediction: show, onError: showError }, TIMES);
const allNetworksQueue = new PredictionQueue({ onPrediction: ({ models }) => allNetworks.show(models) }, TIMES);
const neuronQueue = new PredictionQueue({ onPrediction: showNeuron }, TIMES);

// What every question is about.
function drawn() {
  const sheet = perturbations.rotated(drawing);
  return { sheet, picture: () => picture(sheet), strokes: () => pictureStrokes(sheet) };
}

function picture({ strokes, width }) {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = Math.round(width * PICTURE_HEIGHT);
  canvas.height = PICTURE_HEIGHT;
  context.fillStyle = context.strokeStyle = INK;
  paint(context, strokes, PICTURE_HEIGHT);
  return canvas.toDataURL("image/png");
}

function query(include, more = {}) {
  const skip = preprocessing.skipped().join(",");
  return { include, model: model.value, skip, ablate: perturbations.ablateParameter(), noise: perturbations.noise(), place, ...more };
}

// isNew: it is not only another digit of the same number that is looked into.
function requestPrediction({ isNew = true } = {}) {
  version++;
  delete document.body.dataset.answer;
  perturbations.showSummary(preprocessing.skipped());
  element("undo").disabled = !drawing.canUndo;
  element("clear").disabled = drawing.empty;
  if (drawing.empty) return showNothing();
  queue.add({ version, ...drawn(), query: query(INCLUDE), growing: drawing.stroke !== null, isNew });
  // With the same neurons switched off, so that it is the same digit of the same number.
  if (!drawing.stroke) allNetworksQueue.add({ ...drawn(), query: query("models") });
}

function show(prediction, request) {
  latest = prediction;
  const { number, digits, confidence, rejected, doubtful, seen, activations } = prediction, settled = !request.growing;
  place = Math.max(0, Math.min(request.query.place, digits.length - 1));
  const digit = digits[place], name = digitRow.nameOf(place, digits);
  element("digit").textContent = number ?? "";
  digitRow.show(digits, place);
  element("confidence").textContent = number === null ? "" : percent(confidence);
  const state = rejected ?? (doubtful ? "doubtful" : "read");
  element("message").textContent = MESSAGES[doubtful && name ? "doubtful-number" : state] ?? "";
  document.querySelector(".readout").dataset.state = state;
  probabilities.show(digit?.probabilities ?? prediction.probabilities, digit?.digit ?? null, name);
  if (request.isNew) probabilities.addToHistory(prediction);
  preprocessing.show(prediction.steps);
  if (settled) division.show(prediction, request.sheet);
  showSeen(seen, name || "your drawing");
  networkView.show(activations && { blocks: activations.blocks, seen }, { settled, ablated: perturbations.ablated });
  document.body.classList.toggle("blank", !activations);
  if (activations) {
    layers.show(activations.blocks, activations.weights, settled);
    saliency.show(prediction.saliency, seen, settled);
    if (settled) requestNeuron();
  } else neuronPanel.hide();
  if (request.version === version && !drawing.stroke) document.body.dataset.answer = number ?? "";
}

function showError({ kind, detail, retryIn }) {
  if (kind === "slow" && retryIn === null) return; // some networks take long
  const again = ["offline", "server", "slow"].includes(kind) ? " Trying again." : "";
  if (kind === "refused") clearAnswer(); // such as several lines of digits: what is shown was another drawing's
  element("message").textContent = errorSentence({ kind, detail }) + again;
  if (retryIn !== null) setBusy(true);
}

function showSeen(seen, what = "") {
  const ink = rgb("--ink");
  paintPixels(element("seen"), 28, 28, (i) => [...ink, 255 * (seen?.[i] ?? 0)]);
  element("seen").setAttribute("aria-label", `What the network sees: ${seen ? `${what} in 28 by 28 squares` : "nothing"}`);
}

function showNothing() {
  for (const one of [queue, allNetworksQueue, neuronQueue]) one.clear();
  clearAnswer();
  element("message").textContent = "Nothing drawn yet";
  preprocessing.show([]);
  showSeen(null);
  networkView.show(null);
  neuronPanel.hide();
  allNetworks.clear();
  document.body.classList.add("blank");
  document.body.dataset.answer = "";
}

function clearAnswer() {
  latest = null;
  place = 0;
  for (const id of ["digit", "confidence"]) element(id).textContent = "";
  document.querySelector(".readout").dataset.state = "empty";
  digitRow.show([], 0);
  division.hide();
  probabilities.show(null, null);
}

// ---------------------------------------------------------------------------------- one neuron

function requestNeuron() {
  networkView.choose(selected);
  if (!selected || !latest?.activations) return neuronPanel.hide();
  const neuron = [selected.layer, selected.unit, ...(position ?? [])].join(".");
  neuronQueue.add({ ...drawn(), query: query("neuron", { neuron }) });
}

function showNeuron({ neuron }) {
  if (!neuron || !latest?.activations) return;
  const blocks = latest.activations.blocks, i = blocks.findIndex(({ layer }) => layer === neuron.layer);
  neuronPanel.show(neuron, blocks[i], blocks[i - 1], { isAblated: perturbations.isAblated(neuron), isLast: i === blocks.length - 1 });
}

function deselect() {
  selected = pinned = position = null;
  neuronQueue.clear();
  neuronPanel.hide();
  networkView.choose(null);
}

// Pointing at a unit selects it, choosing one pins it, too; when none is pointed at, the last one stays.
buttons.setUnitHandler((unit, kind) => {
  const next = unit ?? pinned ?? selected;
  if (kind === "choose") pinned = next;
  if (kind === "point" && next?.layer === selected?.layer && next?.unit === selected?.unit) return;
  [selected, position] = [next, null];
  requestNeuron();
});
neuronPanel.onPosition((chosen) => {
  position = chosen;
  requestNeuron();
});
neuronPanel.onAblate(() => {
  perturbations.toggleAblation(selected);
  requestPrediction();
});

// --------------------------------------------------------------------------------- the controls

drawing.addEventListener("draw", requestPrediction);
drawing.addEventListener("lift", requestPrediction);
element("undo").addEventListener("click", () => drawing.undo());
element("clear").addEventListener("click", () => {
  probabilities.clearHistory();
  drawing.clear();
});
for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => {
    place = 0;
    drawing.load(exampleOf(button.dataset.example));
  });
}
function chooseDigit(chosen) {
  place = chosen;
  digitRow.show(latest.digits, place);
  requestPrediction({ isNew: false });
}
digitRow.onChoice(chooseDigit);
division.onDigit(chooseDigit);

model.addEventListener("change", () => {
  perturbations.clearAblations();
  deselect();
  probabilities.clearHistory();
  allNetworks.mark(model.value);
  requestPrediction();
});

preprocessing.onSwitch(requestPrediction);
for (const button of document.querySelectorAll("[data-skip]")) {
  button.addEventListener("click", () => {
    preprocessing.skip(button.dataset.skip.split(","));
    requestPrediction();
  });
}
for (const id of ["turn", "noise"]) element(id).addEventListener("input", requestPrediction);
element("busiest").addEventListener("click", () => {
  if (!latest?.activations) return;
  const units = perturbations.mostActive(latest.activations.blocks);
  units.forEach((unit) => perturbations.isAblated(unit) || perturbations.toggleAblation(unit));
  requestPrediction();
});
element("mend").addEventListener("click", () => {
  perturbations.reset();
  preprocessing.skip([]);
  requestPrediction();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  pad.redraw();
  if (latest) requestPrediction();
});

// ------------------------------------------------------------------------------------ the start

allNetworks.mark(model.value);
drawing.load(storedDrawing() ?? exampleOf("7")); // the drawing of the front page
for (const event of ["draw", "lift"]) {
  drawing.addEventListener(event, () => drawing.stroke ?? storeDrawing(drawing)); // for the front page
}
document.documentElement.classList.add("ready");
