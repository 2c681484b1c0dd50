// Builds elements. Text only ever becomes text: nothing here takes markup.

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "path", "rect", "circle", "g"]);

export function element(tag, attributes = {}, ...children) {
  const made = DRAWN.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export const at = (id) => document.getElementById(id);

// Said by a screen reader. The same text again is said again.
let turn = 0;
export function speak(text) {
  turn += 1;
  at("spoken").textContent = text && turn % 2 ? `${text}\u200b` : text;
}

export function forgetSpoken() {
  at("spoken").textContent = "";
}
