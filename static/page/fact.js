// Shows a fact about the number. While one draws, a fact stays until the number changes, and comes back with
// its number: text that changes while it is read cannot be read.

import { make } from "../shared/html.js";

const container = document.getElementById("fact");
const another = document.getElementById("another");
const note = document.getElementById("fact-note");
const title = document.getElementById("fact-title");
const emptyTitle = title.textContent;

const TIMEOUT = 10_000; // ms

let facts = new Map(); // number -> the fact shown about it, for this drawing
let shown = null;

another.addEventListener("click", showAnother);

// Shows the fact that came with a prediction, or the one already shown about this number: "007" is 7.
export function show(digits, fact) {
  const number = Number(digits);
  if (fact && !facts.has(number)) facts.set(number, fact);
  set(facts.get(number) ?? null, number);
}

// Shows a fact about a number that came without one. Resolves when it is shown, or there is none.
export async function find(digits) {
  const number = Number(digits), mine = facts;
  show(digits, null);
  if (shown) return;
  const fact = await fetchFact(number).catch(() => null);
  if (fact?.text && facts === mine && another.value === String(number)) show(digits, fact);
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
  const before = shown, number = Number(another.value);
  another.setAttribute("aria-busy", "true");
  note.textContent = "";
  try {
    const fact = await fetchFact(number, before?.text);
    if (shown !== before || !fact?.text) return;
    facts.set(number, fact);
    set(fact, number);
    note.textContent = "";
  } catch {
    if (shown === before) note.textContent = "No other fact is available just now.";
  } finally {
    another.removeAttribute("aria-busy");
  }
}

// A fact about a number, other than the one whose text is given if the server has another.
async function fetchFact(number, shownText) {
  let fact;
  for (let attempt = 0; attempt < 3; attempt++) {
    const response = await fetch(`api/facts/${number}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    if (!response.ok) throw new Error(`no fact: status ${response.status}`);
    fact = await response.json();
    if (fact.text !== shownText) break;
  }
  return fact;
}

function set(fact, number = null) {
  if (fact === shown && number !== null && another.value === String(number)) return;
  shown = fact;
  another.value = number ?? "";
  // Neither hidden nor switched off while it has the focus, which would be lost with it: see base.css.
  another.setAttribute("aria-disabled", String(number === null));
  note.textContent = "";
  title.textContent = fact ? `About ${number}` : emptyTitle;
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
