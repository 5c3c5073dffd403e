// The digits of a number, a button for each: one of them is looked into. A single digit has none.

import { percent } from "../../shared/format.js";
import { make } from "../../shared/html.js";

const row = document.getElementById("digits");

// handler(place): which digit was chosen, counted from 0.
export function onChoice(handler) {
  row.addEventListener("click", ({ target }) => {
    const place = [...row.children].indexOf(target.closest("button"));
    if (place >= 0) handler(place);
  });
}

// digits: as the API gives them. The buttons stay where they are, so that a prediction takes the focus from none.
export function show(digits, chosen) {
  const several = digits.length > 1 ? digits : [];
  while (row.children.length > several.length) row.lastElementChild.remove();
  while (row.children.length < several.length) row.append(make("button", "", { type: "button" }));
  several.forEach((found, place) => {
    const button = row.children[place], { digit, confidence, doubtful } = found;
    const words = `${digit}, ${nameOf(place, digits)}, ${percent(confidence)}`;
    button.textContent = digit;
    button.setAttribute("aria-label", doubtful ? `${words}, doubtful` : words);
    button.setAttribute("aria-pressed", String(place === chosen));
    button.classList.toggle("doubtful", doubtful);
  });
}

// "digit 2 of 3"; nothing for a single digit.
export function nameOf(place, digits) {
  return digits.length > 1 ? `digit ${place + 1} of ${digits.length}` : "";
}
