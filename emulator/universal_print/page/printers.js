// One card per printer: how it does, what it works on, and the switches that change its condition.

import { element, keepInStep, setAttribute, setText, words } from "/page/dom.js";

const SWITCHES = [
  ["paused", "Pause", "Takes no new job and stops between pages"],
  ["mediaJam", "Jam paper", "Stops the job that is in the printer until it is cleared"],
  ["offline", "Go offline", "Takes no job; its reports arrive when it is back"],
  ["slow", "Slow down", "Every page takes much longer"],
  ["notAcceptingJobs", "Refuse jobs", "Says that it accepts no new jobs"],
];
const ACTIVE_STATES = ["processing", "stopped"];
const WAITING_STATES = ["pending", "paused"];

export function showPrinters(list, { printers, shares, jobs }, change) {
  const of = (things, printer) => things.filter((thing) => thing.printerId === printer.id);
  const items = printers.map((printer) => ({
    printer,
    jobs: of(jobs, printer),
    shares: [...(printer.shares ?? []), ...of(shares, printer)],
  }));
  keepInStep(list, items, (item) => item.printer.id, (item) => card(item.printer, change));
}

function card(printer, change) {
  const title = element("h3", { id: `printer-${printer.id}` });
  const badge = element("span", { class: "badge" });
  const description = element("p", { class: "description" });
  const model = element("p", { class: "model" });
  const shared = element("p", { class: "shares" });
  const device = element("p", { class: "shares" });
  const queue = element("p", { class: "queue" });
  const bar = element("div", { class: "working", "aria-hidden": "true" }, element("i"));
  const switches = element("div", { class: "switches", role: "group", "aria-labelledby": title.id });
  const buttons = new Map();
  for (const [name, label, hint] of SWITCHES) {
    if (printer.conditions && !(name in printer.conditions)) continue;
    const button = element(
      "button",
      {
        type: "button",
        title: hint,
        "aria-pressed": "false",
        onclick: () => change(printer.id, name, button.getAttribute("aria-pressed") !== "true", button),
      },
      label,
    );
    buttons.set(name, button);
    switches.append(button);
  }
  const made = element(
    "li",
    { class: "printer", "aria-labelledby": title.id },
    element("div", { class: "printer-head" }, picture(), element("div", { class: "names" }, title, badge)),
    element("div", {}, model, shared, device),
    description,
    queue,
    bar,
    switches,
  );
  made.update = ({ printer: latest, jobs, shares }) => {
    const state = latest.status?.state ?? "unknown";
    const details = (latest.status?.details ?? []).filter((detail) => detail !== "none");
    setAttribute(made, "data-state", state);
    setText(title, latest.displayName);
    setText(badge, details.length ? details.map(detailText).join(", ") : words(state));
    setText(description, latest.status?.description || (state === "idle" ? "The printer is ready." : ""));
    setText(model, [latest.manufacturer, latest.model].filter(Boolean).join(" "));
    setAttribute(model, "title", latest.contentTypes?.length ? `Takes ${latest.contentTypes.join(", ")}` : null);
    setText(shared, shareText(shares));
    setText(queue, queueText(jobs, latest.isAcceptingJobs));
    setText(device, deviceText(latest));
    device.hidden = !device.textContent;
    setAttribute(made, "data-working", jobs.some((job) => job.state === "processing") ? "yes" : "no");
    for (const [name, button] of buttons) {
      if (button.dataset.busy !== "yes") setAttribute(button, "aria-pressed", String(Boolean(latest.conditions?.[name])));
    }
  };
  return made;
}

// The service has no word for a printer that cannot be reached; the emulator uses the nearest one that it has.
function detailText(detail) {
  return detail === "timedOut" ? "unreachable" : words(detail);
}

function shareText(shares) {
  const names = shares.map((share) => (typeof share === "string" ? share : (share.displayName ?? share.id)));
  if (!names.length) return "Not shared";
  return `Shared as ${names.join(", ")}`;
}

function queueText(jobs, accepting) {
  const active = jobs.find((job) => ACTIVE_STATES.includes(job.state));
  const held = jobs.filter((job) => job.isHeld).length;
  const waiting = jobs.filter((job) => WAITING_STATES.includes(job.state)).length - held;
  const parts = [];
  if (active) parts.push(`${active.state === "stopped" ? "Holding" : "Printing"} “${active.documentName || active.id}”`);
  if (held) parts.push(`${held} held`);
  if (waiting) parts.push(`${waiting} waiting`);
  if (accepting === false) parts.push("accepts no new jobs");
  return parts.join(" · ") || "No work";
}

function deviceText(printer) {
  const parts = [];
  if (printer.hasPhysicalDevice === false) parts.push("No device: nothing prints here");
  if (printer.holdsJobs) parts.push("an app holds its jobs");
  return parts.join(" · ");
}

function picture() {
  return element(
    "svg",
    { class: "picture", viewBox: "0 0 48 48", "aria-hidden": "true" },
    element("path", { class: "feed", d: "M15 6h18v12H15z" }),
    element("path", { class: "body", d: "M9 17h30a4 4 0 0 1 4 4v12a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3V21a4 4 0 0 1 4-4z" }),
    element("path", { class: "slot", d: "M13 29h22v2H13z" }),
    element("path", { class: "sheet", d: "M15 30h18v13H15z" }),
    element("circle", { class: "lamp", cx: "36.5", cy: "23", r: "2.2" }),
  );
}
