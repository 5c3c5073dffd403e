// The drawing as data: strokes (see ink.js) or an opened picture, with undo and redo. It knows nothing of
// canvas, page or network.
//
// Events: "draw" whenever the drawing has changed, "lift" when a stroke has ended.

const BLANK = { strokes: [], picture: null };

export class Drawing extends EventTarget {
  version = 0; // grows with every change
  step = 0; // grows when this becomes another drawing, but not while a stroke grows

  #now = BLANK; // never changed in place: the history below shares it
  #past = [];
  #future = [];
  #stroke = null; // the one that is being drawn

  get strokes() {
    return this.#stroke ? [...this.#finished, this.#stroke] : this.#now.strokes;
  }
  // The opened picture, until one draws: a stroke begins a new drawing.
  get picture() {
    return this.#stroke ? null : this.#now.picture;
  }
  get stroke() {
    return this.#stroke;
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
  get #finished() {
    return this.#now.picture ? [] : this.#now.strokes;
  }

  // Begins a stroke and returns it, so that the caller can check whether it is still being drawn.
  begin({ width, erase = false }, point) {
    if (this.#stroke) this.end();
    const stroke = (this.#stroke = { width, points: [point], ...(erase && { erase }) });
    this.#changed();
    return stroke;
  }

  extend(points) {
    const all = this.#stroke.points, before = all.length;
    for (const [x, y, ...pressure] of points) {
      const [lastX, lastY] = all.at(-1);
      if (Math.hypot(x - lastX, y - lastY) > 0.001) all.push([x, y, ...pressure]);
    }
    if (all.length > before) this.#changed(false);
  }

  end() {
    const strokes = [...this.#finished, this.#stroke];
    this.#stroke = null;
    this.#commit({ ...BLANK, strokes });
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
  load(strokes) {
    this.#replace({ ...BLANK, strokes });
  }
  clear() {
    this.#replace(BLANK);
  }
  show(picture) {
    this.#replace({ ...BLANK, picture });
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
