// The wiring of the page: what is drawn is asked about, and the answer goes to the panels.

import { Drawing } from "../draw/drawing.js";
import { paint } from "../draw/ink.js";
import { Pad } from "../draw/pad.js";
import { keep, kept } from "../draw/share.js";
import { Asker } from "./ask.js";
import * as broken from "./broken.js";
import { example } from "./examples.js";
import * as film from "./film.js";
import * as layers from "./layers.js";
import * as neuron from "./neuron.js";
import * as odds from "./odds.js";
import { dots, percent, rgb } from "./paint.js";
import * as units from "./units.js";
import * as why from "./why.js";
import * as work from "./work.js";
import * as zoo from "./zoo.js";
import "./testset.js";

const element = (id) => document.getElementById(id);
const INK = "#17264f"; // on nothing: what comes of both is seen in the film strip
const SIDE = 280; // pixels of the picture that is sent
const ALL = "seen,steps,activations,saliency";

const drawing = new Drawing();
const pad = new Pad(element("pad"), drawing);
const model = element("model");
let latest = null; // the last answer
let looked = null, pinned = null, place = null; // the neuron looked at, chosen, a place in its map
let version = 0; // grows with all that changes the answer

const asker = new Asker({
  busy: (yes) => element("digit").setAttribute("aria-busy", String(yes)),
  answer: show,
  trouble: say,
});
const zooAsker = new Asker({ answer: ({ models }) => zoo.show(models) });
const neuronAsker = new Asker({ answer: showNeuron });

function picture() {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = canvas.height = SIDE;
  context.fillStyle = context.strokeStyle = INK;
  paint(context, broken.turned(drawing.strokes, broken.turn()), SIDE);
  return canvas.toDataURL("image/png");
}

function query(include, more = {}) {
  const asked = { include, model: model.value, ...more };
  const changes = { skip: film.skipped().join(","), off: broken.offText(), noise: broken.noise() || "" };
  for (const [key, value] of Object.entries(changes)) if (value) asked[key] = String(value);
  return asked;
}

function ask() {
  version++;
  delete document.body.dataset.answer;
  broken.tell(film.skipped());
  element("undo").disabled = !drawing.canUndo;
  element("clear").disabled = drawing.empty;
  if (drawing.empty) return showNothing();
  asker.ask({ version, picture, query: query(ALL), begun: drawing.stroke !== null });
  if (drawing.stroke) return;
  const { off, ...shared } = query("models");
  zooAsker.ask({ picture, query: shared });
}

function show(answer, question) {
  latest = answer;
  const digit = answer.digit, settled = !question.begun;
  element("digit").textContent = digit ?? "";
  element("confidence").textContent = digit === null ? "" : percent(answer.confidence);
  element("message").textContent = { blank: "Nothing is left to see", "not-a-digit": "That is no digit it knows" }[answer.rejected] ?? "";
  document.querySelector(".readout").dataset.state = answer.rejected ?? "read";
  odds.show(answer.probabilities, digit);
  odds.remember(digit, answer.confidence);
  film.show(answer.steps);
  showSeen(answer.seen);
  work.show(answer.activations && answer, { settled, off: broken.silent });
  document.body.classList.toggle("blank", !answer.activations);
  if (answer.activations) {
    layers.show(answer.activations, settled);
    why.show(answer.saliency, answer.seen, settled);
    if (settled) askNeuron();
  } else neuron.hide();
  if (question.version === version && !drawing.stroke) document.body.dataset.answer = digit ?? "";
}

function showSeen(seen) {
  const ink = rgb("--ink");
  dots(element("seen"), 28, 28, (i) => [...ink, 255 * (seen?.[i] ?? 0)]);
  element("seen").setAttribute("aria-label", `What the network sees: ${seen ? "your drawing in 28 by 28 squares" : "nothing"}`);
}

function showNothing() {
  for (const one of [asker, zooAsker, neuronAsker]) one.forget();
  latest = null;
  for (const id of ["digit", "confidence"]) element(id).textContent = "";
  say("Nothing drawn yet");
  document.querySelector(".readout").dataset.state = "empty";
  odds.show(null, null);
  film.show([]);
  showSeen(null);
  work.show(null);
  neuron.hide();
  zoo.forget();
  document.body.classList.add("blank");
  document.body.dataset.answer = "";
}

function say(sentence) {
  element("message").textContent = sentence;
}

// ---------------------------------------------------------------------------------- one neuron

function askNeuron() {
  work.choose(looked);
  if (!looked || !latest?.activations) return neuron.hide();
  const at = [looked.layer, looked.unit, ...(place ?? [])];
  neuronAsker.ask({ picture, query: query("neuron", { neuron: at.join(".") }) });
}

function showNeuron({ neuron: told }) {
  if (!told || !latest?.activations) return;
  const { stages } = latest.activations, i = stages.findIndex(({ layer }) => layer === told.layer);
  neuron.show(told, stages[i], stages[i - 1], { isOff: broken.isOff(told), isLast: i === stages.length - 1 });
}

function lookAway() {
  looked = pinned = place = null;
  neuronAsker.forget();
  neuron.hide();
  work.choose(null);
}

// One points at a neuron, or chooses it; when one points at none, the last one stays.
units.onUnit((unit, kind) => {
  const next = unit ?? pinned ?? looked;
  if (kind === "choose") pinned = next;
  if (kind === "point" && next?.layer === looked?.layer && next?.unit === looked?.unit) return;
  [looked, place] = [next, null];
  askNeuron();
});
neuron.onPlace((at) => {
  place = at;
  askNeuron();
});
neuron.onOff(() => {
  broken.toggle(looked);
  ask();
});

// --------------------------------------------------------------------------------- the controls

drawing.addEventListener("draw", ask);
drawing.addEventListener("lift", ask);
element("undo").addEventListener("click", () => drawing.undo());
element("clear").addEventListener("click", () => {
  odds.forget();
  drawing.clear();
});
for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => drawing.load(example(Number(button.dataset.example))));
}

model.addEventListener("change", () => {
  broken.mendUnits();
  lookAway();
  odds.forget();
  zoo.mark(model.value);
  ask();
});

film.onSwitch(ask);
for (const button of document.querySelectorAll("[data-skip]")) {
  button.addEventListener("click", () => {
    film.skip(button.dataset.skip.split(","));
    ask();
  });
}
for (const id of ["turn", "noise"]) element(id).addEventListener("input", ask);
element("busiest").addEventListener("click", () => {
  if (!latest?.activations) return;
  broken.busiest(latest.activations.stages).forEach((unit) => broken.isOff(unit) || broken.toggle(unit));
  ask();
});
element("mend").addEventListener("click", () => {
  broken.mend();
  film.skip([]);
  ask();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  pad.redraw();
  if (latest) ask();
});

// ------------------------------------------------------------------------------------ beginning

zoo.mark(model.value);
const strokes = kept(); // of the page to draw on
drawing.load(strokes?.length ? strokes : example(7));
for (const event of ["draw", "lift"]) {
  drawing.addEventListener(event, () => drawing.stroke ?? keep(drawing)); // and back to it
}
document.documentElement.classList.add("ready");
