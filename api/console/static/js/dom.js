// Builds the page from values. Data only ever becomes text nodes or attribute values, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

/** An element: h("p", {class: "quiet", onclick: f}, "text", other, [more]). null and false children are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.appendChild(child);
    else if (child !== null && child !== undefined && child !== false)
      element.appendChild(document.createTextNode(String(child)));
  }
}

/** Put new children in the place of all old ones. */
export function fill(element, ...children) {
  element.textContent = "";
  append(element, children);
  return element;
}

/** Put `text` where it is not yet: to write the same again costs as much as something new. */
export function write(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Chinese with its quieter English beside it, from a [zh, en] pair. */
export const both = (pair) => [pair[0], h("span", { class: "en", lang: "en" }, pair[1])];

const SPRITE = "/static/img/icons.svg";
let drawnFrom = SPRITE; // each use of another file asks the server for it again: from here once it is in the page

fetch(SPRITE).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer))).then((text) => {
  const sprite = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  for (const symbol of sprite.querySelectorAll("symbol")) symbol.id = `icon-${symbol.id}`;
  sprite.setAttribute("class", "sprite");
  document.body.appendChild(sprite);
  drawnFrom = "";
}).catch(() => {}); // as before, then: each from the file

/** An icon from our own sprite. It is decoration: the word stands beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", drawnFrom ? `${drawnFrom}#${name}` : `#icon-${name}`);
  svg.appendChild(use);
  return svg;
}

/** A short word at the foot of the page, or of the window before it, that goes away by itself. */
export function toast(text, bad = false) {
  const box = $("dialog[open] .toasts") || $(".toasts");
  const line = h("p", { class: bad ? "toast toast--bad" : "toast" }, text);
  box.appendChild(line);
  setTimeout(() => line.remove(), bad ? 9000 : 4000);
}

/** What this browser was told to keep under `name`, or null. */
export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch (refused) {
    return null; // a browser that keeps nothing has no wishes
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch (refused) {
    // It holds until the page is closed.
  }
}
