// One job in the list: what it is, whether it is chosen, how it shall be printed, and what came of it.

import { element, setText } from "./dom.js";
import { icon } from "./icons.js";
import { why } from "./reasons.js";
import { isFinal, isFree } from "./session.js";
import { number, say, sayIfKnown, size, typeName, when } from "./words.js";

const LOOKS = { released: "good", onItsWay: "good", gone: "plain", releasing: "plain", unconfirmed: "plain", discarded: "plain", discarding: "plain", alreadyGone: "plain" };
const PICTURES = { good: "check", plain: "info", bad: "warn" };
// Outcomes that do not say everything themselves.
const TOLD = new Set(["refused", "tryAgain", "alreadyGone"]);
const COLORS = ["color", "grayscale", "blackAndWhite", "auto"];
const SIDES = ["oneSided", "flipOnLongEdge", "flipOnShortEdge"];

let rows = 0;

// An <li> with `update()`. `session` is asked to choose; `printer` is this kiosk's.
export function jobRow(item, session) {
  const prefix = `job-${(rows += 1)}`;
  const { job } = item;
  const tick = element("input", {
    type: "checkbox",
    class: "tick",
    "aria-describedby": `${prefix}-outcome`,
    onchange: () => session.choose(item, tick.checked),
  });
  const choices = offered(item, session.kiosk.printer);
  const options = element("div", { class: "job-options", id: `${prefix}-options` },
    choices.map((choice) => choice.build(prefix, item, () => row.update())));
  const summary = element("span", {});
  const settings = element("button", {
    type: "button",
    class: "button job-settings",
    "aria-controls": `${prefix}-options`,
    onclick: () => {
      item.open = !item.open;
      row.update();
      if (item.open) options.scrollIntoView({ block: "nearest" });
    },
  }, icon("settings"), element("span", { class: "spoken" }, say("settingsOf", { document: job.document })), summary);
  const outcome = element("p", { class: "job-outcome", id: `${prefix}-outcome` });
  const row = element("li", { class: "job" },
    element("label", { class: "job-pick" },
      tick,
      element("span", { class: "box", "aria-hidden": "true" }, icon("check")),
      element("span", { class: "job-text" },
        element("span", { class: "job-name", dir: "auto" }, job.document),
        element("span", { class: "job-facts" }, facts(job)),
        job.owner ? element("span", { class: "job-owner" }, icon("person"), say("ownerIs", { name: job.owner.displayName })) : null)),
    settings,
    outcome,
    options);
  row.update = () => {
    const free = isFree(item);
    tick.checked = item.chosen && free;
    tick.disabled = !free;
    row.dataset.state = item.busy ? "busy" : isFinal(item) ? "final" : "free";
    row.dataset.chosen = tick.checked ? "yes" : "no";
    settings.hidden = !free || choices.length === 0;
    settings.setAttribute("aria-expanded", String(item.open && free));
    setText(summary, choices.map((choice) => choice.summary(item)).join(" · "));
    options.hidden = !item.open || !free || choices.length === 0;
    for (const group of options.children) group.update?.();
    showOutcome(outcome, item);
  };
  row.update();
  return row;
}

const facts = (job) => [
  typeName(job.contentType),
  job.pages ? say("pages", { count: job.pages }) : size(job.size),
  when(job.printedAt),
].filter(Boolean).join(" · ");

function showOutcome(place, item) {
  const code = item.busy ? `busy-${item.busy}` : (item.outcome?.code ?? "");
  if (place.dataset.code === code) return;
  place.dataset.code = code;
  place.hidden = !code;
  if (!code) place.replaceChildren();
  else if (item.busy) place.replaceChildren(element("span", { class: "spinner small", "aria-hidden": "true" }), say(`busy_${item.busy}`));
  else {
    const look = LOOKS[code] ?? "bad";
    const reason = TOLD.has(code) ? why(item.outcome) : [];
    place.dataset.look = look;
    place.replaceChildren(icon(PICTURES[look]), element("span", {},
      sayIfKnown(`outcome_${code}`, code), " ", reason));
  }
}

// What this kiosk's printer lets one choose for the job; a choice with one possibility is none.
function offered(item, printer) {
  const { job } = item;
  const found = [];
  if (printer.copies && printer.copies.end > printer.copies.start) found.push(copies(printer.copies));
  const modes = (known, offers) => known.filter((mode) => offers.includes(mode));
  const sides = modes(SIDES, printer.duplexModes);
  if (sides.length > 1) found.push(oneOf("duplexMode", sides, "sides", job));
  const colors = modes(COLORS, printer.colorModes);
  if (colors.length > 1) found.push(oneOf("colorMode", colors, "colour", job));
  return found;
}

function copies({ start, end }) {
  const value = (item) => item.changes.copies ?? Math.min(Math.max(item.job.copies, start), end);
  const build = (prefix, item, changed) => {
    const shown = element("output", { class: "count", "aria-live": "polite" });
    const step = (by) => () => {
      item.changes.copies = Math.min(Math.max(value(item) + by, start), end);
      changed();
    };
    const less = element("button", { type: "button", class: "button step", "aria-label": say("fewerCopies"), onclick: step(-1) }, icon("minus"));
    const more = element("button", { type: "button", class: "button step", "aria-label": say("moreCopies"), onclick: step(1) }, icon("plus"));
    const group = element("fieldset", { class: "option" },
      element("legend", {}, say("copies")), element("div", { class: "stepper" }, less, shown, more));
    group.update = () => {
      setText(shown, number(value(item)));
      less.setAttribute("aria-disabled", String(value(item) <= start));
      more.setAttribute("aria-disabled", String(value(item) >= end));
    };
    return group;
  };
  return { build, summary: (item) => say("copiesCount", { count: value(item) }) };
}

// `name` is the job's property (Graph: printJobConfiguration); `modes` are the printer's.
function oneOf(name, modes, legend, job) {
  const own = modes.includes(job[name]) ? job[name] : "";
  const value = (item) => item.changes[name] ?? own;
  const choose = (item, mode) => {
    if (mode === own) delete item.changes[name];
    else item.changes[name] = mode;
  };
  const build = (prefix, item, changed) => {
    const inputs = (own ? modes : ["", ...modes]).map((mode) => {
      const input = element("input", {
        type: "radio",
        name: `${prefix}-${name}`,
        value: mode,
        onchange: () => {
          choose(item, mode);
          changed();
        },
      });
      return { mode, input, label: element("label", { class: "segment" }, input, element("span", {}, say(mode || "asPrinted"))) };
    });
    const group = element("fieldset", { class: "option" },
      element("legend", {}, say(legend)), element("div", { class: "segments" }, inputs.map((each) => each.label)));
    group.update = () => inputs.forEach(({ mode, input }) => {
      input.checked = value(item) === mode;
    });
    return group;
  };
  return { build, summary: (item) => say(value(item) || "asPrinted") };
}
