// Shows a fact about the digit. While one draws, a fact stays until the digit changes, and comes back with
// its digit: text that changes while it is read cannot be read.

import { make } from "../shared/html.js";

const container = document.getElementById("fact");
const another = document.getElementById("another");
const note = document.getElementById("fact-note");
const title = document.getElementById("fact-title");
const emptyTitle = title.textContent;

const TIMEOUT = 10_000; // ms

let facts = new Map(); // digit -> the fact shown about it, for this drawing
let shown = null;

another.addEventListener("click", showAnother);

// Shows the fact that came with a prediction, or the one already shown about this digit.
export function show(digit, fact) {
  if (fact && !facts.has(digit)) facts.set(digit, fact);
  set(facts.get(digit) ?? null, digit);
}

export function hide() {
  set(null);
}

// For a new drawing.
export function reset() {
  facts = new Map();
  hide();
}

export function text() {
  return shown?.text ?? "";
}

async function showAnother() {
  if (another.value === "") return;
  const before = shown, digit = Number(another.value);
  another.setAttribute("aria-busy", "true");
  note.textContent = "";
  try {
    const fact = await fetchFact(digit, before?.text);
    if (shown !== before || !fact?.text) return;
    facts.set(digit, fact);
    set(fact, digit);
    note.textContent = "";
  } catch {
    if (shown === before) note.textContent = "No other fact is available just now.";
  } finally {
    another.removeAttribute("aria-busy");
  }
}

// A fact about a digit, other than the one whose text is given if the server has another.
async function fetchFact(digit, shownText) {
  let fact;
  for (let attempt = 0; attempt < 3; attempt++) {
    const response = await fetch(`api/facts/${digit}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    if (!response.ok) throw new Error(`no fact: status ${response.status}`);
    fact = await response.json();
    if (fact.text !== shownText) break;
  }
  return fact;
}

function set(fact, digit = null) {
  if (fact === shown && digit !== null && another.value === String(digit)) return;
  shown = fact;
  another.value = digit ?? "";
  // Neither hidden nor switched off while it has the focus, which would be lost with it: see base.css.
  another.setAttribute("aria-disabled", String(digit === null));
  note.textContent = "";
  title.textContent = fact ? `About ${digit}` : emptyTitle;
  container.replaceChildren(...(fact ? parts(fact) : []));
}

function parts({ text, subject, kind, source, url }) {
  const about = [kind, subject].filter((word) => word && !(kind === "math" && word === "mathematics"));
  const href = webAddress(url);
  const credit = source ? ["Source: ", href ? make("a", source, { href, rel: "noopener" }) : source] : "";
  const paragraphs = { topic: about.join(" · "), text: text ?? "", source: credit };
  const made = Object.entries(paragraphs).map(([name, content]) => make("p", content, { class: name }));
  return made.filter((paragraph) => paragraph.textContent);
}

// Facts may come from other services: their links lead to web pages or nowhere.
function webAddress(url) {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
