// The pad: a canvas one draws on with mouse, finger or pen. The drawing is data, a list of strokes
// (see ink.js); the canvas only shows it. It knows nothing of the page around it nor of any network.
//
// Events: "draw" whenever the drawing has changed, "lift" when a stroke has ended.

import { WIDTHS, paint } from "./ink.js";

const PALM_PAUSE = 700; // ms after the pen was last seen in which a touch is taken for the palm

export class Pad extends EventTarget {
  width = WIDTHS.medium; // of the strokes to come
  version = 0; // grows with every change, so that others can tell one drawing from the next

  #canvas;
  #finished = []; // strokes, never changed in place: the history below shares them
  #past = [];
  #future = [];
  #stroke = null; // the one under the pen
  #pointer = null; // {id, type} of whatever draws it
  #penSeen = -Infinity;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    const on = (type, handler, options) => canvas.addEventListener(type, handler.bind(this), options);
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    on("pointerup", this.#up);
    on("pointercancel", this.#end); // its position is not to be trusted: no point is taken from it
    on("lostpointercapture", this.#end);
    // iOS opens its magnifying glass on a tap and hold, whatever touch-action says.
    on("touchstart", (event) => event.preventDefault(), { passive: false });
    // A long press of a finger or pen is drawing; the mouse keeps its menu ("Save image").
    on("contextmenu", (event) => (this.drawing || event.pointerType !== "mouse") && event.preventDefault());
    this.#fit();
  }

  get strokes() {
    return this.#stroke ? [...this.#finished, this.#stroke] : this.#finished;
  }
  get drawing() {
    return this.#stroke !== null;
  }
  get empty() {
    return this.strokes.length === 0;
  }
  get canUndo() {
    return this.drawing || this.#past.length > 0;
  }
  get canRedo() {
    return !this.drawing && this.#future.length > 0;
  }

  undo() {
    if (this.drawing) return this.#abandon();
    if (!this.#past.length) return;
    this.#future.push(this.#finished);
    this.#finished = this.#past.pop();
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.#finished);
    this.#finished = this.#future.pop();
    this.#changed();
  }

  clear() {
    this.load([]);
  }

  // Puts other strokes on the pad; like every change this can be undone.
  load(strokes) {
    if (this.drawing) this.#release();
    if (this.#finished.length || strokes.length) this.#commit(strokes);
    this.#changed();
  }

  // Draws everything anew: for a new size and for new colours.
  redraw() {
    const { width: size } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, size, size);
    context.fillStyle = context.strokeStyle = getComputedStyle(this.#canvas).color;
    paint(context, this.strokes, size);
  }

  #changed() {
    this.version++;
    this.redraw();
    this.dispatchEvent(new Event("draw"));
  }

  #commit(strokes) {
    this.#past.push(this.#finished);
    this.#future = [];
    this.#finished = strokes;
  }

  #down(event) {
    // Button 0 is the left one, a finger, or the pen's tip; others are menus and erasers.
    if (event.button !== 0) return;
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (this.#pointer) {
      // A second finger changes nothing; but a hand often lands on the glass before its pen does.
      if (event.pointerType !== "pen" || this.#pointer.type !== "touch") return;
      this.#abandon();
    } else if (event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM_PAUSE) {
      return;
    }
    this.#pointer = { id: event.pointerId, type: event.pointerType };
    this.#stroke = { width: this.width, points: [this.#place(event)] };
    try {
      this.#canvas.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is already gone (a tap ended before this ran): a dot remains, and is enough.
    }
    this.#changed();
  }

  #move(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp; // also while it only hovers
    if (event.pointerId !== this.#pointer?.id) return;
    // The button was let go where no event reached us, outside the window for one.
    if (!(event.buttons & 1)) return this.#end(event);
    const coalesced = event.getCoalescedEvents?.() ?? [];
    this.#extend(coalesced.length ? coalesced : [event]);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer?.id) return;
    this.#extend([event]);
    this.#end(event);
  }

  #extend(events) {
    const { points } = this.#stroke;
    const before = points.length;
    for (const event of events) {
      const [x, y] = this.#place(event), [lastX, lastY] = points.at(-1);
      if (Math.hypot(x - lastX, y - lastY) > 0.001) points.push([x, y]);
    }
    if (points.length > before) this.#changed();
  }

  #end(event) {
    if (event.pointerId !== this.#pointer?.id) return;
    const stroke = this.#stroke;
    this.#release();
    this.#commit([...this.#finished, stroke]);
    this.dispatchEvent(new Event("lift"));
  }

  #abandon() {
    this.#release();
    this.#changed();
  }

  // Forgotten before the capture is given back: giving it back fires lostpointercapture.
  #release() {
    const { id } = this.#pointer;
    this.#pointer = this.#stroke = null;
    if (this.#canvas.hasPointerCapture(id)) this.#canvas.releasePointerCapture(id);
  }

  // Where an event lies on the pad. The rectangle is asked for each time, because the page may
  // scroll, zoom or be laid out anew in the middle of a stroke.
  #place(event) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  // Keeps one canvas pixel to one pixel of the screen, whatever the ratio, zoom and size.
  #fit() {
    const observer = new ResizeObserver(([entry]) => {
      const near = Math.round(entry.contentRect.width * devicePixelRatio);
      // Where known this is the width after snapping to the screen's pixels: a pixel more or less.
      // It is not known in Safari, and not right when developer tools imitate another screen.
      const exact = entry.devicePixelContentBoxSize?.[0].inlineSize ?? near;
      const size = Math.max(1, Math.abs(exact - near) <= 1 ? exact : near);
      if (size !== this.#canvas.width) this.#canvas.width = this.#canvas.height = size;
      this.redraw();
    });
    try {
      observer.observe(this.#canvas, { box: "device-pixel-content-box" });
    } catch {
      observer.observe(this.#canvas);
    }
  }
}
