// Builds elements, and keeps a list of them in step with the data without replacing those that stay: the focus of
// somebody who works with the keyboard must survive each poll.

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, ...children) {
  const made = ["svg", "path", "rect", "circle"].includes(tag)
    ? document.createElementNS(SVG, tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function setText(target, text) {
  const value = text === null || text === undefined ? "" : String(text);
  if (target.textContent !== value) target.textContent = value;
}

export function setAttribute(target, name, value) {
  if (value === null || value === false) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, String(value));
}

// `make(item)` gives an element whose `update(item)` property shows a newer state of the same thing.
export function keepInStep(parent, items, keyOf, make) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = present.get(key);
    present.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    child.update(item);
    if (child === before) before = before.nextElementSibling;
    else parent.insertBefore(child, before);
  }
  for (const child of present.values()) child.remove();
}

export function sizeText(bytes) {
  if (!Number.isFinite(bytes) || bytes <= 0) return "";
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
}

// camelCase names of the service as words: mediaJam becomes "media jam".
export function words(name) {
  return String(name).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
