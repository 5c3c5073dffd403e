// Sharing a drawing as a link, saving it as a PNG, and storing it for the session. The link carries the
// strokes behind its "#", which browsers send to no server.

import { onPaper } from "./ink.js";
import { decode, encode } from "./link.js";

const NAME = "drawing";
const PNG_SIDE = 560; // pixels

// The strokes in the page's address; undefined where there are none, null where they cannot be decoded.
export function linkedDrawing() {
  const [, text] = location.hash.match(new RegExp(`^#${NAME}=(.+)$`)) ?? [];
  return text === undefined ? undefined : decode(text);
}

// Removes the strokes from the address, which are no longer what is drawn.
export function clearLink() {
  if (location.hash.startsWith(`#${NAME}=`)) history.replaceState(null, "", location.href.split("#")[0]);
}

// Shares a link in the way of this device. Resolves to a sentence for the visitor, or "".
export async function share(strokes) {
  const text = encode(strokes);
  if (text === null) return "This drawing is too large for a link. You can save it.";
  const url = `${location.href.split("#")[0]}#${NAME}=${text}`;
  if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share({ title: "A digit I drew", url });
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

export async function save({ strokes, picture }) {
  const canvas = picture?.image ?? onPaper(strokes, PNG_SIDE);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "digit.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // not before the browser has saved it
}

// For /inside, for the front page, and for either when it is loaded again.
export function storeDrawing({ strokes, picture }) {
  try {
    // Removed first: where the storage is full, the older drawing would stay.
    sessionStorage.removeItem(NAME);
    const text = picture || !strokes.length ? null : encode(strokes);
    if (text !== null) sessionStorage.setItem(NAME, text);
  } catch {
    // Storage may be switched off or full: nothing is stored then.
  }
}

// The stored strokes, or null.
export function storedDrawing() {
  try {
    return decode(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}
