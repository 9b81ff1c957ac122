// Small helpers for the elements of the page.

export const find = (selector, root = document) => root.querySelector(selector);

// make("label", { class: "x" }, "text", child): an element with attributes and children
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const option = (value, text = value) => make("option", { value: String(value) }, text);

// One drawing of a panel at a time: while it runs, of all further calls only the last is made, after it.
export function latest(panel, draw) {
  let again = false;
  return async function call() {
    if (panel.ariaBusy === "true") { again = true; return; }
    panel.ariaBusy = "true";
    try {
      do { again = false; await draw(); } while (again);
    } finally { panel.ariaBusy = "false"; }
    panel.dataset.drawn = Number(panel.dataset.drawn ?? 0) + 1;
  };
}

export const short = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : Number(value.toPrecision(4)).toString());
