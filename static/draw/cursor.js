// Drawing by keyboard alone: a cursor on the squares of the pad, 28 rows of them. Arrows move it, Space lowers
// and lifts the pen, and each step is announced to screen readers.

import { SQUARES, inkAt } from "./ink.js";

const LEAP = 5; // squares, with Shift
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const JUMPS = { Home: [-1, 0], End: [1, 0], PageUp: [0, -1], PageDown: [0, 1] };

const clamped = (square, squares) => Math.min(Math.max(square, 0), squares - 1);

export class Cursor {
  #canvas;
  #pad;
  #drawing;
  #announce;
  #column = 13;
  #row = 7;
  #stroke = null;

  // `announce` is called with a sentence for each step.
  constructor(canvas, pad, drawing, announce) {
    this.#canvas = canvas;
    this.#pad = pad;
    this.#drawing = drawing;
    this.#announce = announce;
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("focus", () => this.#show(canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => {
      this.#lift();
      this.#show(false);
    });
    canvas.addEventListener("pointerdown", () => this.#show(false));
    drawing.addEventListener("turn", () => {
      this.#column = clamped(this.#column, this.#columns);
      this.#show(pad.cursor !== null);
    });
  }

  get #columns() {
    return Math.round(SQUARES * this.#drawing.pad);
  }

  get #down() {
    return this.#stroke !== null && this.#drawing.stroke === this.#stroke;
  }

  get #position() {
    return [(this.#column + 0.5) / SQUARES, (this.#row + 0.5) / SQUARES];
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, shiftKey } = event;
    if (key in STEPS || key in JUMPS) {
      const [across, down] = STEPS[key] ?? JUMPS[key];
      const far = key in JUMPS ? Math.max(SQUARES, this.#columns) : shiftKey ? LEAP : 1;
      this.#move(far * across, far * down);
    } else if ((key === " " || key === "Enter") && !event.repeat) {
      if (this.#down) this.#lift();
      else this.#lower();
    } else if (key === "Escape" && this.#down) {
      this.#drawing.abandon();
      this.#announce("Stroke taken back.");
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.#show(true);
  }

  // Square by square: the pen goes over all that lie between.
  #move(across, down) {
    const passed = [];
    for (let i = Math.max(Math.abs(across), Math.abs(down)); i > 0; i--) {
      this.#column = clamped(this.#column + Math.sign(across), this.#columns);
      this.#row = clamped(this.#row + Math.sign(down), SQUARES);
      passed.push(this.#position);
    }
    if (this.#down) this.#drawing.extend(passed);
    const ink = !this.#down && this.#drawing.inkAt(this.#position) ? ", ink" : "";
    this.#announce(`Row ${this.#row + 1}, column ${this.#column + 1}${ink}`);
  }

  #lower() {
    const { tool } = this.#pad;
    this.#stroke = this.#drawing.begin(tool, this.#position);
    const what = tool.erase ? "Eraser" : "Pen";
    this.#announce(`${what} down at row ${this.#row + 1}, column ${this.#column + 1}`);
  }

  #lift() {
    if (!this.#down) return;
    this.#drawing.end();
    this.#announce("Lifted.");
  }

  #show(yes) {
    this.#canvas.toggleAttribute("data-cursor", yes);
    const [x, y] = [this.#column / SQUARES, this.#row / SQUARES];
    this.#pad.cursor = yes ? { x, y, side: 1 / SQUARES } : null;
    this.#pad.redraw();
  }
}
