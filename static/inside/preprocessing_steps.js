// The preprocessing steps, from the drawing to the 28x28 numbers: a picture and a switch for each.

import { bytes } from "./pixels.js";

const items = [...document.getElementById("film").children];
const boxes = items.map((item) => item.querySelector("input"));

// Names of the steps that are switched off.
export function skipped() {
  return items.filter((_, i) => boxes[i] && !boxes[i].checked).map((item) => item.dataset.step);
}

export function skip(names) {
  items.forEach((item, i) => boxes[i] && (boxes[i].checked = !names.includes(item.dataset.step)));
}

export function onSwitch(handler) {
  for (const box of boxes) box?.addEventListener("change", handler);
}

let newest = 0; // the pictures of an older call may be decoded later

export async function show(steps) {
  const mine = ++newest;
  const pictures = await Promise.all(steps.map(({ picture }) => createImageBitmap(new Blob([bytes(picture)]))));
  if (mine !== newest) return;
  items.forEach((item, i) => {
    const step = steps[i], canvas = item.querySelector("canvas");
    const title = item.querySelector("h3").textContent;
    const size = step && `${step.width} × ${step.height}`;
    item.classList.toggle("out", step ? !step.taken : Boolean(boxes[i] && !boxes[i].checked));
    item.classList.toggle("nothing", !step);
    item.querySelector(".size").textContent = size ?? "nothing is left";
    canvas.setAttribute("aria-label", `${title}: ${size ? `a picture of ${size} pixels` : "nothing is left"}`);
    canvas.width = pictures[i]?.width ?? 28;
    canvas.height = pictures[i]?.height ?? 28;
    canvas.classList.toggle("see-through", i === 0);
    canvas.classList.toggle("coarse", canvas.width <= 56);
    if (pictures[i]) canvas.getContext("2d").drawImage(pictures[i], 0, 0);
  });
}
