// The brackets on the pad: over the ink of each digit of a number, with what it is read as; under the ink that
// leaves them no room. They follow a drawing, and mark nothing where there is one digit.

import { make } from "../shared/html.js";

const ROOM = 32; // pixels, for a bracket and its digit

const container = document.querySelector(".brackets");
let drawing = null, digits = [];

export function follow(followed) {
  drawing = followed;
  drawing.addEventListener("turn", lay);
}

// Digits as the API gives them; of a rival number it may not be known where they lie. `fresh`: they are those
// of what is on the pad now.
export function show(shown, fresh) {
  digits = shown.length > 1 ? shown.filter(({ box }) => box) : [];
  container.toggleAttribute("data-outdated", !fresh);
  container.replaceChildren(
    ...digits.map(({ digit, doubtful }) => make("span", String(digit), doubtful ? { class: "doubtful" } : {})),
  );
  lay();
}

// Ink has been added.
export function markOutdated() {
  container.toggleAttribute("data-outdated", true);
}

// A box is in shares of the sheet; what is set here is in shares of the pad.
function lay() {
  const { width, pad, place } = drawing, room = ROOM / container.clientHeight;
  const across = (share) => (place.left + place.scale * width * share) / pad;
  const down = (share) => place.top + place.scale * share;
  digits.forEach(({ box }, i) => {
    const { style, classList } = container.children[i];
    const [left, right] = [across(box[0]), across(box[2])], [top, bottom] = [down(box[1]), down(box[3])];
    const below = top < room && bottom < 1 - room;
    classList.toggle("below", below);
    style.left = `${100 * left}%`;
    style.width = `${100 * (right - left)}%`;
    style.top = `${100 * (below ? bottom : Math.max(top, room))}%`;
  });
}
