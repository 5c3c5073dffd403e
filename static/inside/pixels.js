// Arrays of numbers as small pictures on canvases, and the colours for them.

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
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// The bytes of a base64 text.
export function bytes(text) {
  const letters = atob(text), decoded = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) decoded[i] = letters.charCodeAt(i);
  return decoded;
}

// Sets the size of a canvas and paints pixel i with the red, green, blue and alpha that rgba(i) returns.
export function paintPixels(canvas, width, height, rgba) {
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

// The same for many pixels of few colours: pixel i gets palette[levels[i]], where a palette is 256 whole
// numbers as an image stores them.
export function paintLevels(canvas, width, height, levels, palette) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = palette[levels[i]];
  context.putImageData(image, 0, 0);
  return canvas;
}

// 256 colours for paintLevels(): colour(level) returns [red, green, blue].
export function palette(colour) {
  const colours = new Uint32Array(256), parts = new Uint8ClampedArray(colours.buffer);
  for (let level = 0; level < 256; level++) parts.set([...colour(level), 255], 4 * level);
  return colours;
}

// Opacity, 0 to 255, for a value from -1 to 1; the power makes small values visible.
export function opacity(value) {
  return 255 * Math.min(1, Math.abs(value)) ** 0.6;
}

// Numbers above and below zero in two colours, the larger the more opaque.
export function paintSigned(canvas, width, height, values, most = largest(values)) {
  const above = rgb("--for", canvas), below = rgb("--against", canvas);
  return paintPixels(canvas, width, height, (i) => [...(values[i] > 0 ? above : below), opacity(values[i] / most)]);
}

// The largest absolute value, never 0, to divide by.
export function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
}
