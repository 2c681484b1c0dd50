// Badge readers type like a keyboard, only faster: characters in a burst, then Enter. Keys are held back until their
// pace says whose they are: a reader's become a badge wherever the focus is, a person's go where they were meant to.

const MOST_GAP = 60;
const FEWEST = 4;
const MOST = 128;

// `onBadge(text)` is called for each badge; nothing of it reaches the page.
export function watchBadges(onBadge) {
  let held = [];
  let timer = 0;

  const release = () => {
    clearTimeout(timer);
    const text = held.map((key) => key.text).join("");
    held = [];
    if (text) typeInto(document.activeElement, text);
  };

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Shift" || event.key === "CapsLock") return;
    const last = held.at(-1);
    const quick = last !== undefined && event.timeStamp - last.at <= MOST_GAP;
    if (event.key === "Enter" && quick && held.length >= FEWEST) {
      event.preventDefault();
      event.stopImmediatePropagation();
      clearTimeout(timer);
      const text = held.map((key) => key.code).join("");
      held = [];
      onBadge(text);
      return;
    }
    if (event.key.length !== 1 || event.key === " " || event.repeat || held.length >= MOST) {
      release();
      return;
    }
    event.preventDefault();
    if (!quick) release();
    held.push({ text: event.key, code: asTyped(event), at: event.timeStamp });
    clearTimeout(timer);
    timer = setTimeout(release, MOST_GAP * 1.5);
  }, { capture: true });

  // Who tries the page without a reader pastes a number outside of any field.
  addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    if (event.target instanceof HTMLInputElement || text.length < FEWEST || text.length > MOST) return;
    event.preventDefault();
    onBadge(text);
  });
}

// A reader presses the digit keys of a US keyboard, which elsewhere may be other characters.
function asTyped(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  return digit && !/^[\dA-Za-z]$/.test(event.key) && !event.shiftKey ? digit[1] : event.key;
}

function typeInto(field, text) {
  if (!(field instanceof HTMLInputElement) || field.type === "checkbox" || field.type === "radio" || field.readOnly) return;
  field.setRangeText(text, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
