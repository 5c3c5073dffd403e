// The film strip: every step from the drawing to the 28x28 numbers, and a switch for each.

import { bytes } from "./paint.js";

const frames = [...document.getElementById("film").children];
const boxes = frames.map((frame) => frame.querySelector("input"));

// Names of the steps that are switched off.
export function skipped() {
  return frames.filter((_, i) => boxes[i] && !boxes[i].checked).map((frame) => frame.dataset.step);
}

export function skip(names) {
  frames.forEach((frame, i) => boxes[i] && (boxes[i].checked = !names.includes(frame.dataset.step)));
}

export function onSwitch(handler) {
  for (const box of boxes) box?.addEventListener("change", handler);
}

let newest = 0; // an older strip may be ready later

export async function show(steps) {
  const mine = ++newest;
  const pictures = await Promise.all(steps.map(({ picture }) => createImageBitmap(new Blob([bytes(picture)]))));
  if (mine !== newest) return;
  frames.forEach((frame, i) => {
    const step = steps[i], canvas = frame.querySelector("canvas");
    const title = frame.querySelector("h3").textContent;
    const size = step && `${step.width} × ${step.height}`;
    frame.classList.toggle("out", step ? !step.taken : Boolean(boxes[i] && !boxes[i].checked));
    frame.classList.toggle("nothing", !step);
    frame.querySelector(".size").textContent = size ?? "nothing is left";
    canvas.setAttribute("aria-label", `${title}: ${size ? `a picture of ${size} pixels` : "nothing is left"}`);
    canvas.width = pictures[i]?.width ?? 28;
    canvas.height = pictures[i]?.height ?? 28;
    canvas.classList.toggle("see-through", i === 0);
    canvas.classList.toggle("coarse", canvas.width <= 56);
    if (pictures[i]) canvas.getContext("2d").drawImage(pictures[i], 0, 0);
  });
}
