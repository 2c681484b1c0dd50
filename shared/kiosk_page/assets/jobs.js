// The list of a person's jobs, with what became of earlier ones, and what can be done with them.

import { at, element, setText, speak } from "./dom.js";
import { icon } from "./icons.js";
import { jobRow } from "./job_row.js";
import { why } from "./reasons.js";
import { isFinal, isLost } from "./session.js";
import { say, when } from "./words.js";

// A <section> with `update(settled)`: the items of which the service has just told.
export function jobsScreen(session, { onDone }) {
  const rows = new Map();
  const title = element("h1", { tabindex: "-1" });
  const all = element("input", { type: "checkbox", class: "tick", onchange: () => session.chooseAll(all.checked) });
  const chooseAll = element("label", { class: "choose-all" },
    all, element("span", { class: "box", "aria-hidden": "true" }, icon("check")), element("span", {}, say("chooseAll")));
  const notices = element("ul", { class: "notices", "aria-label": say("notices") });
  const list = element("ul", { class: "jobs", "aria-label": say("documents") });
  const summary = element("p", { class: "summary" });
  const printText = element("span", {});
  const print = element("button", { type: "button", class: "button main", onclick: () => session.chosen.length && session.print() },
    icon("print"), printText);
  const remove = element("button", { type: "button", class: "button discard", onclick: () => session.chosen.length && confirmDiscard(session) },
    icon("remove"), element("span", {}, say("discard")));
  const again = element("button", { type: "button", class: "button", onclick: () => session.lookAgain() }, say("lookAgain"));
  const done = element("button", { type: "button", class: "button main", onclick: onDone }, icon("check"), say("done"));

  const screen = element("section", { class: "collect" },
    element("div", { class: "collect-top" }, title, chooseAll),
    element("div", { class: "scroll" }, notices, list),
    element("div", { class: "collect-bar" }, summary, element("div", { class: "actions" }, again, remove, print, done)));

  screen.update = (settled = []) => {
    const { free, chosen, items } = session;
    const hadFocus = document.activeElement;
    setText(title, items.length ? say("documentsCount", { count: items.length }) : say("nothingLeft"));
    all.checked = free.length > 0 && chosen.length === free.length;
    all.indeterminate = chosen.length > 0 && chosen.length < free.length;
    chooseAll.hidden = free.length === 0;
    keepRows(list, rows, session);
    showNotices(notices, session.notices);
    setText(printText, chosen.length ? say("printCount", { count: chosen.length }) : say("print"));
    for (const button of [print, remove]) {
      button.hidden = free.length === 0 && !session.busy;
      button.setAttribute("aria-disabled", String(chosen.length === 0));
    }
    const finished = free.length === 0 && !session.busy;
    again.hidden = !items.some((each) => each.outcome?.code === "unknown");
    done.hidden = !finished;
    if (finished && (hadFocus === print || hadFocus === remove)) done.focus();
    else if (screen.contains(hadFocus) && !hadFocus.checkVisibility()) (finished ? done : title).focus();
    if (settled.length) {
      const text = summaryOf(settled, session.kiosk.printer.displayName);
      setText(summary, text);
      speak(text);
      rows.get(settled[0])?.scrollIntoView({ block: "nearest" });
    } else if (session.busy) setText(summary, "");
  };
  screen.update();
  return screen;
}

function keepRows(list, rows, session) {
  let before = list.firstElementChild;
  for (const item of session.items) {
    let row = rows.get(item);
    if (row) row.update();
    else rows.set(item, (row = jobRow(item, session)));
    if (row === before) before = before.nextElementSibling;
    else list.insertBefore(row, before);
  }
}

function showNotices(place, notices) {
  place.hidden = notices.length === 0;
  if (place.children.length === notices.length) return;
  place.replaceChildren(...notices.map((notice) =>
    element("li", { class: "notice" }, icon("warn"), element("span", {},
      element("strong", {}, say(notice.code === "expired" ? "noticeExpired" : "noticeFailed", { document: notice.document })),
      " ",
      why(notice),
      " ",
      element("span", { class: "quiet" }, when(notice.at))))));
}

const isUnsure = (each) => isLost(each) || ["gone", "unconfirmed"].includes(each.outcome?.code);

// One sentence for each kind of outcome, the good ones first.
function summaryOf(settled, printer) {
  const count = (...codes) => settled.filter((each) => codes.includes(each.outcome?.code)).length;
  const lines = [
    ["sumReleased", count("released", "onItsWay")],
    ["sumDiscarded", count("discarded", "discarding")],
    ["sumGone", count("alreadyGone")],
    ["sumNot", settled.filter((each) => !isFinal(each) && !isUnsure(each)).length],
    ["sumUnknown", settled.filter(isUnsure).length],
  ];
  return lines.filter(([, found]) => found > 0).map(([key, found]) => say(key, { count: found, printer })).join(" ");
}

function confirmDiscard(session) {
  const dialog = at("dialog");
  const chosen = session.chosen;
  const keep = element("button", { type: "button", class: "button", onclick: () => dialog.close() }, say("keep"));
  const go = () => {
    dialog.close();
    session.discard();
  };
  dialog.replaceChildren(
    element("h2", { id: "dialog-title" }, say("discardTitle", { count: chosen.length })),
    element("p", {}, chosen.length === 1 ? chosen[0].job.document : say("discardText")),
    element("div", { class: "actions" }, keep,
      element("button", { type: "button", class: "button danger", onclick: go }, icon("remove"), say("discard"))));
  dialog.showModal();
  keep.focus();
}
