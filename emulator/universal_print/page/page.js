// Asks the emulator once a second how things are, and shows it.

import { element, keepInStep, setText } from "/page/dom.js";
import { showFaults, showJobs } from "/page/jobs.js";
import { showNotifications } from "/page/notifications.js";
import { showPrinters } from "/page/printers.js";

const POLL_MILLISECONDS = 1000;
const AWAY_MILLISECONDS = 10000;

const at = (id) => document.getElementById(id);
const filter = { printer: "", text: "" };
let latest = { printers: [], shares: [], jobs: [], faults: [], violations: [], subscriptions: [], notifications: {} };
let timer = 0;

async function poll() {
  clearTimeout(timer);
  try {
    const answer = await fetch("/emulator/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(`the emulator answered ${answer.status}`);
    latest = { ...latest, ...(await answer.json()) };
    showLive("yes", "Live");
    show();
  } catch (problem) {
    showLive("no", "No connection");
    console.warn(problem);
  }
  timer = setTimeout(poll, document.hidden ? AWAY_MILLISECONDS : POLL_MILLISECONDS);
}

function showLive(live, text) {
  at("live").dataset.live = live;
  setText(at("live"), text);
}

function show() {
  showPrinters(at("printers"), latest, changeCondition);
  const { matching, shown } = showJobs(at("jobs"), latest.jobs, latest.printers, filter);
  showFaults(at("faults"), latest.faults, removeFault);
  showNotifications(at("subscriptions"), at("notification-counts"), latest);
  showViolations();
  at("no-subscriptions").hidden = latest.subscriptions.length > 0;
  at("no-printers").hidden = latest.printers.length > 0;
  at("no-jobs").hidden = shown > 0;
  at("no-faults").hidden = latest.faults.length > 0;
  at("more-jobs").hidden = matching === shown;
  setText(at("more-jobs"), `The newest ${shown} of ${matching} jobs are shown.`);
  showPrinterChoice();
  showFigures();
}

function showFigures() {
  const count = (...states) => latest.jobs.filter((job) => states.includes(job.state)).length;
  const held = latest.jobs.filter((job) => job.isHeld).length;
  const figures = {
    held,
    waiting: count("pending", "paused") - held,
    printing: count("processing", "stopped"),
    printed: latest.jobs.filter((job) => job.state === "completed" && !job.redirectedTo).length,
    sheets: latest.jobs.reduce((sum, job) => sum + (job.state === "completed" ? (job.sheets ?? 0) : 0), 0),
  };
  for (const [name, value] of Object.entries(figures)) {
    setText(document.querySelector(`[data-figure="${name}"]`), value.toLocaleString());
  }
}

function showPrinterChoice() {
  const choices = [{ id: "", displayName: "All printers" }, ...latest.printers];
  keepInStep(at("filter-printer"), choices, (printer) => printer.id, (printer) => {
    const made = element("option", { value: printer.id });
    made.update = (newer) => setText(made, newer.displayName);
    return made;
  });
}

// Answers of the emulator that its own schema does not allow: a mistake in it, never in the app that asked.
function showViolations() {
  at("violations-section").hidden = latest.violations.length === 0;
  keepInStep(at("violations"), latest.violations.map((text, number) => ({ text, number })), (item) => item.number, () => {
    const made = element("li", {});
    made.update = ({ text }) => setText(made, typeof text === "string" ? text : JSON.stringify(text));
    return made;
  });
}

async function changeCondition(printer, name, on, button) {
  button.dataset.busy = "yes";
  button.setAttribute("aria-pressed", String(on));
  await ask("POST", `/emulator/printers/${encodeURIComponent(printer)}/conditions`, { name, on });
  delete button.dataset.busy;
  await poll();
}

async function removeFault(id) {
  await ask("DELETE", `/emulator/faults/${encodeURIComponent(id)}`);
  await poll();
}

async function ask(method, path, body) {
  let problem = "";
  try {
    const headers = body ? { "content-type": "application/json" } : {};
    const answer = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined });
    if (!answer.ok) problem = await refusal(answer);
  } catch {
    problem = "The emulator did not answer, so nothing was changed.";
  }
  at("trouble").hidden = !problem;
  setText(at("trouble"), problem);
}

async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  return body.detail ?? body.error?.message ?? body.message ?? `The emulator refused: status ${answer.status}.`;
}

at("filter-printer").addEventListener("change", (event) => {
  filter.printer = event.target.value;
  show();
});
at("filter-text").addEventListener("input", (event) => {
  filter.text = event.target.value;
  show();
});
document.addEventListener("keydown", (event) => {
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    at("filter-text").focus();
  } else if (event.key === "Escape" && document.activeElement === at("filter-text")) {
    at("filter-text").value = filter.text = "";
    show();
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) poll();
});
setText(at("address"), location.origin);
poll();
