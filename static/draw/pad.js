// The pad: a canvas that shows a drawing (see drawing.js) and on which one draws with mouse, finger or
// pen. It knows nothing of the page around it, nor of any network.

import { SQUARES, WIDTHS, paint } from "./ink.js";

const PALM_PAUSE = 700; // ms after the pen was last seen in which a touch is taken for the palm
const TIP = 0, TAIL = 5; // the buttons of a pen: its tip (also a finger, the left of a mouse), its eraser
const MASKS = { [TIP]: 1, [TAIL]: 32 }; // of the same in event.buttons

export class Pad {
  tool = { width: WIDTHS.medium, erase: false }; // for the strokes to come
  cursor = null; // {x, y, side}: the square the keyboard is at, see cursor.js

  #canvas;
  #drawing;
  #pointer = null; // {id, type, button, stroke} of whatever draws
  #penSeenAt = -Infinity;

  constructor(canvas, drawing) {
    this.#canvas = canvas;
    this.#drawing = drawing;
    const on = (type, handler, options) => canvas.addEventListener(type, handler.bind(this), options);
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    on("pointerup", this.#up);
    on("pointercancel", this.#end); // its position is not reliable: no point is taken from it
    on("lostpointercapture", this.#end);
    // iOS opens its magnifying glass on a tap and hold, whatever touch-action says.
    on("touchstart", (event) => event.cancelable && event.preventDefault(), { passive: false });
    // A long press of a finger or pen is drawing; the mouse keeps its menu ("Save image").
    on("contextmenu", (event) => (this.#pointer || event.pointerType !== "mouse") && event.preventDefault());
    drawing.addEventListener("draw", () => this.redraw());
    this.#fit();
  }

  // Draws everything anew: for a change, a new size, new colours.
  redraw() {
    const { width, height: size } = this.#canvas, { picture, strokes, place } = this.#drawing;
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, size);
    context.save();
    context.translate(place.left * size, place.top * size);
    if (picture) context.drawImage(picture.image, 0, 0, place.scale * this.#drawing.width * size, place.scale * size);
    context.fillStyle = context.strokeStyle = getComputedStyle(this.#canvas).color;
    paint(context, strokes, place.scale * size);
    context.restore();
    if (this.cursor) this.#frame(context, size);
  }

  // The keyboard's square, in two colours so that it is seen on ink as on paper.
  #frame(context, size) {
    const { x, y, side } = this.cursor, style = getComputedStyle(this.#canvas);
    const line = Math.max(2, size / 160), box = [x * size, y * size, side * size, side * size];
    context.lineJoin = "miter";
    context.lineWidth = 2 * line;
    context.strokeStyle = style.getPropertyValue("--sheet");
    context.strokeRect(...box);
    context.lineWidth = line;
    context.strokeStyle = style.getPropertyValue("--focus");
    context.strokeRect(...box);
  }

  #down(event) {
    if (!(event.button in MASKS)) return; // the other buttons open menus, or go back
    if (event.pointerType === "pen") this.#penSeenAt = event.timeStamp;
    if (this.#pointer) {
      // A second finger changes nothing; but a hand often lands on the glass before its pen does.
      if (event.pointerType !== "pen" || this.#pointer.type !== "touch") return;
      if (this.#isDrawing) this.#drawing.abandon();
      this.#release();
    } else if (event.pointerType === "touch" && event.timeStamp - this.#penSeenAt < PALM_PAUSE) {
      return;
    }
    const tool = event.button === TAIL ? { width: WIDTHS.eraser, erase: true } : this.tool;
    this.#pointer = { id: event.pointerId, type: event.pointerType, button: event.button };
    this.#pointer.stroke = this.#drawing.begin(tool, this.#position(event));
    try {
      this.#canvas.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is already gone (a tap ended before this ran): a dot remains, and is enough.
    }
    this.#canvas.focus({ preventScroll: true }); // the keys for pens and eraser are the pad's
  }

  // Whether the stroke is still being drawn: one may clear or undo in its middle.
  get #isDrawing() {
    return this.#pointer !== null && this.#drawing.stroke === this.#pointer.stroke;
  }

  #move(event) {
    if (event.pointerType === "pen") this.#penSeenAt = event.timeStamp; // also while it only hovers
    if (event.pointerId !== this.#pointer?.id) return;
    // The button was released where no event reached us, such as outside the window.
    if (!(event.buttons & MASKS[this.#pointer.button])) return this.#end(event);
    const coalesced = event.getCoalescedEvents?.() ?? [];
    this.#extend(coalesced.length ? coalesced : [event]);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer?.id) return;
    this.#extend([event]);
    this.#end(event);
  }

  #extend(events) {
    if (this.#isDrawing) this.#drawing.extend(events.map((event) => this.#position(event)));
  }

  #end(event) {
    if (event.pointerId !== this.#pointer?.id) return;
    const drew = this.#isDrawing;
    this.#release();
    if (drew) this.#drawing.end();
  }

  // Forgotten before the capture is given back: giving it back fires lostpointercapture.
  #release() {
    const { id } = this.#pointer;
    this.#pointer = null;
    if (this.#canvas.hasPointerCapture(id)) this.#canvas.releasePointerCapture(id);
  }

  // Where an event lies on the pad, and how hard the pen is pressed. The rectangle is asked for each
  // time, because the page may scroll, zoom or be laid out anew in the middle of a stroke.
  #position({ clientX, clientY, pointerType, pressure, type }) {
    const { left, top, height } = this.#canvas.getBoundingClientRect();
    const position = [(clientX - left) / height, (clientY - top) / height];
    if (pointerType !== "pen") return position;
    // A lifted pen reports no pressure: the last one is used.
    return [...position, type === "pointerup" ? (this.#drawing.stroke?.points.at(-1)[2] ?? 0.5) : pressure];
  }

  // Keeps one canvas pixel to one pixel of the screen, whatever the ratio, zoom and size.
  #fit() {
    const pixels = (length, exact) => {
      const near = Math.round(length * devicePixelRatio);
      // Where known this is the length after snapping to the screen's pixels: a pixel more or less.
      // It is not known in Safari, and not right when developer tools imitate another screen.
      return Math.max(1, Math.abs(exact - near) <= 1 ? exact : near);
    };
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect, [exact] = entry.devicePixelContentBoxSize ?? [];
      const size = [pixels(width, exact?.inlineSize), pixels(height, exact?.blockSize)];
      if (size[0] !== this.#canvas.width) this.#canvas.width = size[0];
      if (size[1] !== this.#canvas.height) this.#canvas.height = size[1];
      // Whole squares; a hundredth of one is what snapping may take away.
      if (height) this.#drawing.pad = Math.floor((SQUARES * width) / height + 0.01) / SQUARES;
      this.redraw();
    });
    try {
      observer.observe(this.#canvas, { box: "device-pixel-content-box" });
    } catch {
      observer.observe(this.#canvas);
    }
  }
}
