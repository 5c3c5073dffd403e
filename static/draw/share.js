// Sharing a drawing as a link, saving it as a PNG, and storing it for the session. The link carries the
// strokes behind its "#", which browsers send to no server.

import { onPaper } from "./ink.js";
import { decode, encode } from "./link.js";

const NAME = "drawing";
const PNG_HEIGHT = 560; // pixels

// The drawing in the page's address; undefined where there is none, null where it cannot be decoded.
export function linkedDrawing() {
  const [, text] = location.hash.match(new RegExp(`^#${NAME}=(.+)$`)) ?? [];
  return text === undefined ? undefined : decode(text);
}

// Removes the drawing from the address, which is no longer what is drawn.
export function clearLink() {
  if (location.hash.startsWith(`#${NAME}=`)) history.replaceState(null, "", location.href.split("#")[0]);
}

// Shares a link in the way of this device. Resolves to a sentence for the visitor, or "".
export async function share(drawing) {
  const text = encode(drawing);
  if (text === null) return "This drawing is too large for a link. You can save it.";
  const url = `${location.href.split("#")[0]}#${NAME}=${text}`;
  if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share({ title: "A number I drew", url });
      return "";
    } catch (error) {
      if (error.name === "AbortError") return ""; // the visitor has closed the dialogue
    }
  }
  try {
    await navigator.clipboard.writeText(url);
    return "The link to your drawing is copied.";
  } catch {
    // No permission, or no clipboard because the page came without TLS.
    history.replaceState(null, "", url);
    return "The link to your drawing is in the address bar.";
  }
}

export async function save(drawing) {
  const canvas = drawing.picture?.image ?? onPaper(drawing, PNG_HEIGHT);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "digit.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // not before the browser has saved it
}

// For /inside, for the front page, and for either when it is loaded again.
export function storeDrawing(drawing) {
  try {
    // Removed first: where the storage is full, the older drawing would stay.
    sessionStorage.removeItem(NAME);
    const text = drawing.picture || drawing.empty ? null : encode(drawing);
    if (text !== null) sessionStorage.setItem(NAME, text);
  } catch {
    // Storage may be switched off or full: nothing is stored then.
  }
}

// The stored drawing, or null.
export function storedDrawing() {
  try {
    return decode(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}
