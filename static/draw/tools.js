// The tools around the pad: undo, redo, clear, pens and eraser, pictures, samples, links, and the
// keyboard shortcuts for them. It knows nothing of the network.

import { WIDTHS, paint } from "./ink.js";
import { acceptPictures, openPicture } from "./pictures.js";
import { namedSamples } from "./samples.js";
import { save, share } from "./share.js";

const element = (id) => document.getElementById(id);
const sheet = element("pad").closest(".sheet");
const tools = [...document.querySelectorAll("input[name=tool]")];

// Shows a sentence about what the visitor has just done; "" removes it.
export function note(words) {
  if (element("note").textContent !== words) element("note").textContent = words;
}

export function connectTools(drawing, pad) {
  const actions = [
    [element("undo"), () => drawing.undo(), () => drawing.canUndo],
    [element("redo"), () => drawing.redo(), () => drawing.canRedo],
    [element("clear"), () => drawing.clear(), () => true],
    [element("share"), async () => note(await share(drawing)), () => drawing.strokes.length > 0],
    [element("save"), () => save(drawing), () => !drawing.empty],
  ];
  const update = () => actions.forEach(([button, , isPossible]) => enable(button, isPossible()));
  for (const [button, act, isPossible] of actions) button.addEventListener("click", () => isPossible() && act());
  drawing.addEventListener("draw", update);
  drawing.addEventListener("lift", update);
  update();

  const choose = () => {
    const { value } = tools.find(({ checked }) => checked);
    pad.tool = { width: WIDTHS[value], erase: value === "eraser" };
    sheet.dataset.tool = value;
  };
  for (const tool of tools) tool.addEventListener("change", choose);
  choose();

  listenForKeys(drawing, choose);
  offerPictures(drawing);
  offerSamples(drawing);
}

// Not by `disabled`, which would take the focus away from the button.
function enable(button, yes) {
  button.setAttribute("aria-disabled", String(!yes));
}

function listenForKeys(drawing, choose) {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("select, textarea, input:not([type=radio]), [contenteditable], [popover]")) return;
    const key = event.key.toLowerCase();
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    // Plain letters and figures are meant for the pad and its tools alone (WCAG 2.1.4).
    const tool = !command && sheet.contains(event.target) && tools.find(({ dataset }) => dataset.key === key);
    if (command && (key === "y" || (key === "z" && event.shiftKey))) drawing.redo();
    else if (command && key === "z") drawing.undo();
    else if (!command && (key === "delete" || key === "backspace")) drawing.clear();
    else if (tool) {
      tool.checked = true;
      choose();
      note(tool.parentElement.title);
    } else return;
    event.preventDefault();
  });
}

function offerPictures(drawing) {
  let newest = 0; // a large picture may be opened later than one chosen after it
  const open = async (file) => {
    const mine = ++newest;
    note("");
    try {
      const picture = await openPicture(file);
      if (mine === newest) drawing.show(picture);
    } catch (error) {
      if (mine === newest) note(error.message);
    }
  };
  const inputs = ["picture", "photo"].map((name) => [element(name), element(`open-${name}`)]);
  for (const [input, button] of inputs) button.addEventListener("click", () => input.click());
  acceptPictures(inputs.map(([input]) => input), sheet, open);
}

function offerSamples(drawing) {
  const popover = element("samples");
  popover.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") popover.querySelector(".choice").replaceChildren(...namedSamples.map(sampleButton));
  });
  const sampleButton = ([name, sample]) => {
    const made = document.createElement("button"), canvas = document.createElement("canvas");
    made.type = "button";
    made.setAttribute("aria-label", name);
    made.title = name;
    canvas.width = canvas.height = 112;
    const context = canvas.getContext("2d");
    context.fillStyle = context.strokeStyle = getComputedStyle(popover).color;
    paint(context, sample.strokes, canvas.height);
    made.append(canvas);
    made.addEventListener("click", () => {
      popover.hidePopover(); // and the focus goes back to where it was opened
      drawing.load(sample);
    });
    return made;
  };
}
