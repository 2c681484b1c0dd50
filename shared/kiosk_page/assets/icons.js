// Line icons on a grid of 24. Each is decoration: the text beside it says the same.

import { element } from "./dom.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  backspace: "M9 6h11v12H9l-6-6zM12 10l4 4m0-4l-4 4",
  cancel: "M6 6l12 12M18 6L6 18",
  check: "M5 12.500l4.500 4.500L19 7.500",
  clock: "M12 7v5l3.500 2M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  document: "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5",
  globe: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3.500 9.500h17M3.500 14.500h17M12 3c-6 6-6 12 0 18c6-6 6-12 0-18",
  info: "M12 11v6M12 7.500v.1M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  keys: "M3 7h18v11H3zM7 11h.1M11 11h.1M15 11h.1M7 14.500h10",
  minus: "M6 12h12",
  offline: "M4 4l16 16M9 6a14 14 0 0 1 12 4M3 10a14 14 0 0 1 3-2M6.500 13.500a9 9 0 0 1 5-2.400M17.500 13.500l-1-.8M10 17a3.500 3.500 0 0 1 4 0M12 20.200v.1",
  person: "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 21c.5-8 15.500-8 16 0",
  plus: "M6 12h12M12 6v12",
  print: "M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z",
  question: "M9 9a3 3 0 1 1 4.200 2.700c-.9.4-1.200 1-1.200 2.100M12 17v.1M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  remove: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
  settings: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
  tray: "M4 13v7h16v-7h-5l-1.500 2.500h-3L9 13zM4 13l3-9h10l3 9",
  warn: "M12 4L2.500 20h19zM12 10v5M12 17.500v.1",
};

export function icon(name, className = "icon") {
  return element("svg", { class: className, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    element("path", { d: PATHS[name] }));
}

// A badge that moves to its reader.
export function badgePicture() {
  return element("svg", { class: "picture", viewBox: "0 0 260 170", "aria-hidden": "true", focusable: "false" },
    element("g", { class: "reader" },
      element("rect", { x: 160, y: 22, width: 84, height: 126, rx: 16 }),
      element("path", { class: "waves", d: "M186 100a14 14 0 0 1 0-30M176 111a30 30 0 0 1 0-52" }),
      element("circle", { class: "lamp", cx: 222, cy: 42, r: 5 }),
      element("path", { class: "waves still", d: "M200 88v-6" })),
    element("g", { class: "badge" },
      element("rect", { class: "card", x: 22, y: 34, width: 84, height: 112, rx: 12 }),
      element("rect", { class: "hole", x: 52, y: 43, width: 24, height: 7, rx: 3.5 }),
      element("circle", { class: "face", cx: 64, cy: 80, r: 14 }),
      element("path", { class: "face", d: "M38 120c2-26 50-26 52 0z" }),
      element("path", { class: "line", d: "M44 132h40" })));
}
