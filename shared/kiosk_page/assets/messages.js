// The screens without a person: "show your badge", and what a tap came to when it brought no list.

import { element } from "./dom.js";
import { badgePicture, icon } from "./icons.js";
import { say } from "./words.js";

const LOOKS = {
  unknownBadge: ["question", "warn"],
  nothing: ["tray", "good"],
  slowDown: ["clock", "warn"],
  offline: ["offline", "bad"],
  trouble: ["warn", "bad"],
  sessionEnded: ["clock", "plain"],
  unknownDevice: ["warn", "bad"],
  kioskOff: ["settings", "warn"],
  notSetUp: ["settings", "plain"],
};

const heading = (text) => element("h1", { tabindex: "-1" }, text);

export function idleScreen({ onPin }) {
  return element("section", { class: "idle" },
    badgePicture(),
    element("div", { class: "idle-text" },
      heading(say("showBadge")),
      element("p", { class: "quiet" }, say("showBadgeHint")),
      element("button", { type: "button", class: "button", onclick: onPin }, icon("keys"), say("useNameAndPin"))));
}

export function waitingScreen() {
  return element("section", { class: "message" },
    element("div", { class: "spinner", "aria-hidden": "true" }),
    heading(say("oneMoment")));
}

// How long to wait, as a person would say it.
export const waitText = (seconds) => (seconds < 100
  ? say("slowDownText", { count: seconds })
  : say("slowDownMinutes", { count: Math.ceil(seconds / 60) }));

// `kind` is one of LOOKS. `values` go into its texts; `actions` are [label, work, isMain] each.
export function messageScreen(kind, values, actions) {
  const [picture, look] = LOOKS[kind];
  return element("section", { class: `message message-${look}`, "data-kind": kind },
    element("div", { class: "medal", "aria-hidden": "true" }, icon(picture)),
    heading(say(`${kind}Title`, values)),
    element("p", {}, kind === "slowDown" ? waitText(values.count) : say(`${kind}Text`, values)),
    element("div", { class: "actions" }, actions.map(([label, work, main]) =>
      element("button", { type: "button", class: main ? "button main" : "button", onclick: work }, label))));
}
