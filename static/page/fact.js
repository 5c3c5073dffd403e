// Shows a fact about the digit. While one draws, a fact stays until the digit is another one, and
// comes back with its digit: text that changes while it is read cannot be read.

import { factAbout } from "../shared/reader.js";

const place = document.getElementById("fact");
const another = document.getElementById("another");
const note = document.getElementById("fact-note");
const title = document.getElementById("fact-title");
const unasked = title.textContent;

let told = new Map(); // digit -> the fact told about it, for this drawing
let shown = null;

another.addEventListener("click", tellAnother);

// Shows the fact that came with an answer, or the one already told about this digit.
export function tell(digit, fact) {
  if (fact && !told.has(digit)) told.set(digit, fact);
  show(told.get(digit) ?? null, digit);
}

// There is no digit to tell of now.
export function hush() {
  show(null);
}

// A new drawing begins.
export function forget() {
  told = new Map();
  hush();
}

export function text() {
  return shown?.text ?? "";
}

async function tellAnother() {
  if (another.value === "") return;
  const before = shown, digit = Number(another.value);
  another.setAttribute("aria-busy", "true");
  note.textContent = "";
  try {
    const fact = await factAbout(digit, before?.text);
    if (shown !== before || !fact?.text) return;
    told.set(digit, fact);
    show(fact, digit);
    note.textContent = "";
  } catch {
    if (shown === before) note.textContent = "No other fact could be had just now.";
  } finally {
    another.removeAttribute("aria-busy");
  }
}

function show(fact, digit = null) {
  if (fact === shown && digit !== null && another.value === String(digit)) return;
  shown = fact;
  another.value = digit ?? "";
  // Neither hidden nor switched off while it has the focus, which would be lost with it: see base.css.
  another.setAttribute("aria-disabled", String(digit === null));
  note.textContent = "";
  title.textContent = fact ? `About ${digit}` : unasked;
  place.replaceChildren(...(fact ? parts(fact) : []));
}

function parts({ text, subject, kind, source, url }) {
  const about = [kind, subject].filter((word) => word && !(kind === "math" && word === "mathematics"));
  const topic = make("p", "topic", about.join(" · "));
  const credit = make("p", "source", source ? "Source: " : "");
  if (source) credit.append(address(url) ? link(source, address(url)) : source);
  return [topic, make("p", "text", text ?? ""), credit].filter((part) => part.textContent);
}

function make(tag, name, content) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = content;
  return made;
}

function link(content, href) {
  const made = make("a", "", content);
  made.href = href;
  made.rel = "noopener";
  return made;
}

// Facts may come from other services: their links lead to web pages or nowhere.
function address(url) {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
