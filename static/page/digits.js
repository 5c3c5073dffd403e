// The digits of a number in the answer: each a button under its bracket, which chooses whose ten shares
// the page shows.

import { Nib } from "./nib.js";
import { ordinal } from "./words.js";
import { percent } from "../shared/format.js";
import { make } from "../shared/html.js";

export class Digits {
  #container;
  #buttons = []; // kept, so that a new prediction takes the focus from none
  #nibs = [];

  // `onChoose` is called with the place of a digit, counted from 0.
  constructor(container, onChoose) {
    this.#container = container;
    container.addEventListener("click", ({ target }) => {
      const place = this.#buttons.indexOf(target.closest("button"));
      if (place >= 0) onChoose(place);
    });
  }

  // Digits as the API gives them; those of a rival number may lack their probabilities, and are not chosen.
  show(digits, chosen, { slowly }) {
    while (this.#buttons.length < digits.length) this.#add();
    while (this.#buttons.length > digits.length) this.#remove();
    digits.forEach(({ digit, confidence, doubtful = false, probabilities }, place) => {
      const button = this.#buttons[place], nib = this.#nibs[place], wasDoubtful = button.classList.contains("doubtful");
      const words = [digit, `${ordinal(place)} digit of ${digits.length}`];
      if (probabilities) words.push(percent(confidence));
      if (doubtful) words.push("doubtful");
      button.setAttribute("aria-label", words.join(", "));
      button.setAttribute("aria-pressed", String(place === chosen && Boolean(probabilities)));
      button.setAttribute("aria-disabled", String(!probabilities));
      button.classList.toggle("doubtful", doubtful);
      nib.write(String(digit), { slowly });
      if (wasDoubtful !== doubtful) nib.redraw(); // its colour has changed
    });
  }

  redraw() {
    for (const nib of this.#nibs) nib.redraw();
  }

  #add() {
    const canvas = make("canvas"), button = make("button", canvas, { type: "button" });
    this.#buttons.push(button);
    this.#nibs.push(new Nib(canvas));
    this.#container.append(button);
  }

  #remove() {
    this.#buttons.pop().remove();
    this.#nibs.pop();
  }
}
