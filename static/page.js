// The wiring: what is drawn on the pad goes to the reader, what the reader says goes on the page.

import * as answer from "./answer.js";
import * as fact from "./fact.js";
import { WIDTHS, picture } from "./ink.js";
import { Pad } from "./pad.js";
import { Reader } from "./reader.js";

const element = (id) => document.getElementById(id);
const pad = new Pad(element("pad"));
const frame = element("pad").parentElement;
const model = element("model");
const buttons = [
  [element("undo"), () => pad.undo(), () => pad.canUndo],
  [element("redo"), () => pad.redo(), () => pad.canRedo],
  [element("clear"), () => pad.clear(), () => !pad.empty],
];

let latest = null; // {said, key}: the last answer and the drawing it is for

const reader = new Reader({
  busy: answer.busy,
  answer(said, { key }) {
    latest = { said, key };
    showLatest();
  },
  trouble(trouble) {
    fact.hush();
    answer.showTrouble(trouble);
  },
});

const key = () => `${pad.version} ${model.value}`;

function read(urgent) {
  const { strokes } = pad;
  reader.read({ key: key(), model: model.value, urgent, picture: () => picture(strokes) });
}

function showLatest() {
  const { said } = latest, fresh = latest.key === key();
  answer.showAnswer(said, fresh, pad.drawing);
  if (said.digit !== null && !said.rejected) fact.tell(said.digit, said.fact);
  else if (!pad.drawing) fact.hush();
  if (fresh && !pad.drawing) answer.speak(fact.text());
}

pad.addEventListener("draw", () => {
  frame.toggleAttribute("data-empty", pad.empty);
  frame.toggleAttribute("data-drawing", pad.drawing);
  showButtons();
  answer.outdated();
  if (!pad.empty) return read(!pad.drawing);
  reader.cancel();
  fact.forget();
  answer.showNothing();
});

pad.addEventListener("lift", () => {
  frame.removeAttribute("data-drawing");
  showButtons();
  if (latest?.key === key()) showLatest();
  else read(true);
});

function showButtons() {
  for (const [button, , useful] of buttons) {
    const had = button === document.activeElement;
    button.disabled = !useful();
    // A button that is switched off loses the focus; its neighbour takes it, so that who works
    // with the keyboard stays where they are.
    if (had && button.disabled) buttons.find(([, , works]) => works())?.[0].focus();
  }
}

for (const [button, act] of buttons) button.addEventListener("click", act);

for (const pen of document.querySelectorAll("input[name=pen]")) {
  const choose = () => pen.checked && (pad.width = WIDTHS[pen.value]);
  pen.addEventListener("change", choose);
  choose();
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("select, textarea, input:not([type=radio]), [contenteditable]")) return;
  const key = event.key.toLowerCase();
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (command && (key === "y" || (key === "z" && event.shiftKey))) pad.redo();
  else if (command && key === "z") pad.undo();
  else if (!command && ["delete", "backspace", "escape"].includes(key)) pad.clear();
  else return;
  event.preventDefault();
});

model.addEventListener("change", () => {
  showNote();
  if (pad.empty) return;
  answer.outdated();
  reader.cancel();
  read(true);
});

function showNote() {
  element("model-note").textContent = model.selectedOptions[0]?.dataset.note ?? "";
}

// While the pad is used, keys are meant for it and not for the list of networks.
element("pad").addEventListener("pointerdown", () => document.activeElement === model && model.blur());

addEventListener("online", () => reader.hurry());

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => {
    pad.redraw();
    answer.redraw();
  });
}

showNote();
showButtons();
answer.showNothing();
document.documentElement.classList.add("ready");
