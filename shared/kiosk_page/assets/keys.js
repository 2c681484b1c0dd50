// Keys on the screen, for kiosks without a keyboard.

import { element } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./words.js";

const LETTERS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm.-_@"];
const DIGITS = ["123", "456", "789", "C0"];

// `field` gets what is pressed; it keeps the focus, so that typing and pressing mix.
export function keyboard(field, digits) {
  const rows = (digits ? DIGITS : LETTERS).map((row, index, all) => {
    const keys = [...row].map((text) => key(text, field));
    if (index === all.length - 1) keys.push(action("backspace", say("backspace"), () => removeLast(field)));
    return element("div", { class: "keys-row" }, keys);
  });
  return element("div", { class: digits ? "keys keys-digits" : "keys", role: "group", "aria-label": say("keyboard") }, rows);
}

function key(text, field) {
  if (text === "C") return action("cancel", say("clear"), () => change(field, ""));
  const made = element("button", { type: "button", class: "key", onclick: () => insert(field, text) }, text);
  made.addEventListener("pointerdown", (event) => event.preventDefault());
  return made;
}

function action(picture, label, work) {
  const made = element("button", { type: "button", class: "key key-action", "aria-label": label, onclick: work }, icon(picture));
  made.addEventListener("pointerdown", (event) => event.preventDefault());
  return made;
}

function insert(field, text) {
  if (field.maxLength > 0 && field.value.length >= field.maxLength) return;
  const start = field.selectionStart ?? field.value.length;
  change(field, field.value.slice(0, start) + text + field.value.slice(field.selectionEnd ?? start), start + text.length);
}

function removeLast(field) {
  const end = field.selectionEnd ?? field.value.length;
  const start = field.selectionStart === end ? Math.max(0, end - 1) : field.selectionStart;
  change(field, field.value.slice(0, start) + field.value.slice(end), start);
}

function change(field, value, caret = value.length) {
  field.value = value;
  field.setSelectionRange(caret, caret);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
