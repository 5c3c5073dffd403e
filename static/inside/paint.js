// What the panels paint with: small pictures of numbers, colours for above and below zero, SVG.

const style = getComputedStyle(document.documentElement);

// A colour of the style sheet, such as "--for", as [red, green, blue].
const triples = new Map();
export function rgb(name, element = document.documentElement) {
  const text = getComputedStyle(element).getPropertyValue(name).trim();
  if (!triples.has(text)) {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    triples.set(text, [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
  }
  return triples.get(text);
}

export function colour(name) {
  return style.getPropertyValue(name).trim();
}

// The bytes of a base64 text.
export function bytes(text) {
  const letters = atob(text), found = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) found[i] = letters.charCodeAt(i);
  return found;
}

// Makes a canvas width x height pixels, pixel i having the colour and opacity that rgba(i) gives.
export function dots(canvas, width, height, rgba) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const pixel = rgba(i);
    for (let k = 0; k < 4; k++) image.data[4 * i + k] = pixel[k];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// The same for many pixels of few colours: pixel i has the one of `palette` (256 whole numbers, as
// an image stores them) that levels[i] names.
export function levelled(canvas, width, height, levels, palette) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = palette[levels[i]];
  context.putImageData(image, 0, 0);
  return canvas;
}

// 256 colours as levelled() wants them: colour(level) gives [red, green, blue].
export function palette(colour) {
  const found = new Uint32Array(256), parts = new Uint8ClampedArray(found.buffer);
  for (let level = 0; level < 256; level++) parts.set([...colour(level), 255], 4 * level);
  return found;
}

// Opacity for a share of the most, -1 to 1: small ones are to be seen, too.
export function strength(share) {
  return 255 * Math.min(1, Math.abs(share)) ** 0.6;
}

// Numbers above and below zero in two colours, as opaque as they are large.
export function signed(canvas, width, height, values, most = largest(values)) {
  const above = rgb("--for", canvas), below = rgb("--against", canvas);
  return dots(canvas, width, height, (i) => [...(values[i] > 0 ? above : below), strength(values[i] / most)]);
}

export function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
}

// A number as people read it: few digits, and a real minus.
export function number(value, digits = 2) {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(digits);
  return text.replace(/^-0\.?0*$/, "0").replace("-", "−");
}

export function percent(share) {
  if (share >= 0.9995) return ">\u202f99.9\u00a0%";
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

export function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// An HTML element with a text, or with children.
export function make(name, content = "", attributes = {}) {
  const element = document.createElement(name);
  element.append(...[content].flat());
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// A table of rows of texts, the first cell of each a heading.
export function table(caption, head, rows) {
  const line = (cells, kind) => make("tr", cells.map((cell, i) => make(i && kind !== "th" ? "td" : "th", String(cell), i && kind !== "th" ? {} : { scope: kind === "th" ? "col" : "row" })));
  return make("table", [make("caption", caption), make("thead", line(head, "th")), make("tbody", rows.map((row) => line(row, "td")))]);
}
