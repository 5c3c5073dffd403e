// The drawing as data: strokes (see ink.js) or an opened picture, with undo and redo. It knows nothing of
// canvas, page or network.
//
// It lies on a sheet as wide as the pad was when it was drawn, and is shown whole on a pad of any other width:
// in its middle, smaller where need be. What the visitor draws is given in places of the pad.
//
// Events: "draw" whenever the drawing has changed, "lift" when a stroke has ended, "turn" when the pad has
// another shape.

import { inkAt, within } from "./ink.js";

const BLANK = { strokes: [], picture: null, width: 1 };

export class Drawing extends EventTarget {
  version = 0; // grows with every change
  step = 0; // grows when this becomes another drawing, but not while a stroke grows

  #now = BLANK; // never changed in place: the history below shares it
  #past = [];
  #future = [];
  #stroke = null; // the one that is being drawn
  #under = BLANK; // what it is drawn on
  #pad = 1; // the width of the pad; like all lengths in heights

  get strokes() {
    return this.#stroke ? [...this.#under.strokes, this.#stroke] : this.#now.strokes;
  }
  // The opened picture, until one draws: a stroke begins a new drawing.
  get picture() {
    return this.#stroke ? null : this.#now.picture;
  }
  get stroke() {
    return this.#stroke;
  }
  // The width of the sheet.
  get width() {
    const { width, picture } = this.#stroke ? this.#under : this.#now;
    return picture ? picture.image.width / picture.image.height : width;
  }
  get pad() {
    return this.#pad;
  }
  set pad(width) {
    if (width === this.#pad) return;
    this.#pad = width;
    this.dispatchEvent(new Event("turn"));
  }
  // Where the sheet lies on the pad: {scale, left, top}.
  get place() {
    return within(this.width, this.#pad);
  }
  get empty() {
    return !this.picture && this.strokes.length === 0;
  }
  get canUndo() {
    return this.#stroke !== null || this.#past.length > 0;
  }
  get canRedo() {
    return this.#stroke === null && this.#future.length > 0;
  }
  // Whether there is ink at that place of the pad.
  inkAt(point) {
    return inkAt(this.strokes, this.#onSheet(point));
  }

  // Begins a stroke and returns it, so that the caller can check whether it is still being drawn.
  begin({ width, erase = false }, point) {
    if (this.#stroke) this.end();
    const blank = this.#now.picture || !this.#now.strokes.length;
    this.#under = blank ? { ...BLANK, width: this.#pad } : widened(this.#now, this.#pad);
    const stroke = (this.#stroke = { width, points: [], ...(erase && { erase }) });
    stroke.width /= this.place.scale;
    stroke.points.push(this.#onSheet(point));
    this.#changed();
    return stroke;
  }

  extend(points) {
    const all = this.#stroke.points, before = all.length;
    for (const [x, y, ...pressure] of points.map((point) => this.#onSheet(point))) {
      const [lastX, lastY] = all.at(-1);
      if (Math.hypot(x - lastX, y - lastY) > 0.001) all.push([x, y, ...pressure]);
    }
    if (all.length > before) this.#changed(false);
  }

  end() {
    const { strokes } = this;
    this.#stroke = null;
    // The pad may have become wider while the stroke was drawn.
    this.#commit(widened({ ...this.#under, strokes }, this.#pad));
    this.dispatchEvent(new Event("lift"));
  }

  abandon() {
    this.#stroke = null;
    this.#changed();
  }

  undo() {
    if (this.#stroke) return this.abandon();
    if (!this.canUndo) return;
    this.#future.push(this.#now);
    this.#now = this.#past.pop();
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.#now);
    this.#now = this.#future.pop();
    this.#changed();
  }

  // These three replace the drawing, which can be undone.
  load({ strokes, width }) {
    this.#replace({ ...BLANK, strokes, width });
  }
  clear() {
    this.#replace(BLANK);
  }
  show(picture) {
    this.#replace({ ...BLANK, picture });
  }

  #onSheet([x, y, ...pressure]) {
    const { scale, left, top } = this.place;
    return [(x - left) / scale, (y - top) / scale, ...pressure];
  }

  #replace(content) {
    this.#stroke = null;
    const both = [this.#now, content];
    if (both.some(({ strokes, picture }) => picture || strokes.length)) this.#commit(content);
    this.#changed();
  }

  #commit(content) {
    this.#past.push(this.#now);
    this.#future = [];
    this.#now = content;
  }

  #changed(another = true) {
    this.version++;
    if (another) this.step++;
    this.dispatchEvent(new Event("draw"));
  }
}

// The same strokes in the middle of a wider sheet.
function widened(content, width) {
  const left = (width - content.width) / 2;
  if (left <= 0) return content;
  const moved = (stroke) => ({ ...stroke, points: stroke.points.map(([x, ...rest]) => [x + left, ...rest]) });
  return { ...content, width, strokes: content.strokes.map(moved) };
}
