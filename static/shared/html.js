// Elements of HTML and SVG. Texts are set as text, never as HTML.

// An HTML element with a text, or with children.
export function make(name, content = "", attributes = {}) {
  const element = document.createElement(name);
  element.append(...[content].flat());
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A table from rows of texts; the first cell of each row is a heading.
export function table(caption, head, rows) {
  const heading = (text, scope) => make("th", String(text), { scope });
  const body = rows.map(([first, ...rest]) => make("tr", [heading(first, "row"), ...rest.map((text) => make("td", String(text)))]));
  const columns = make("tr", head.map((text) => heading(text, "col")));
  return make("table", [make("caption", caption), make("thead", columns), make("tbody", body)]);
}
