// What one can do with a drawing: hand it on as a link, or keep it as a PNG. The link carries the
// strokes behind its "#", which browsers send to nobody.

import { onPaper } from "./ink.js";
import { decode, encode } from "./link.js";

const NAME = "drawing";
const PNG_SIDE = 560; // pixels

const linkTo = (strokes) => `${location.href.split("#")[0]}#${NAME}=${encode(strokes)}`;

// The strokes the address carries; null where it carries none, or none that can be read.
export function shared() {
  const [, text] = location.hash.match(new RegExp(`^#${NAME}=(.+)$`)) ?? [];
  return text === undefined ? undefined : decode(text);
}

// The address no longer says what is drawn.
export function forgetShared() {
  if (location.hash.startsWith(`#${NAME}=`)) history.replaceState(null, "", location.href.split("#")[0]);
}

// Hands on a link the way this device does that. Resolves to what is to be said of it, if anything.
export async function share(strokes) {
  const url = linkTo(strokes);
  if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share({ title: "A digit I drew", url });
      return "";
    } catch (error) {
      if (error.name === "AbortError") return ""; // the visitor has thought better of it
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

// The page beside this one, and this one when it is loaded again, go on with the drawing.
export function keep({ strokes, picture }) {
  try {
    if (picture || !strokes.length) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, encode(strokes));
  } catch {
    // Storage may be switched off or full: nothing is kept then.
  }
}

export function kept() {
  try {
    return decode(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}
