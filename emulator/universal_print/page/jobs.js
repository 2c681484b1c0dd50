// The table of jobs, newest first, with the paper that came out; and the list of scripted faults.

import { element, keepInStep, setAttribute, setText, sizeText, words } from "/page/dom.js";

const MOST_ROWS = 200;

export function showJobs(body, jobs, printers, filter) {
  const names = new Map(printers.map((printer) => [printer.id, printer.displayName]));
  const wanted = filter.text.trim().toLowerCase();
  const matching = jobs.filter(
    (job) =>
      (!filter.printer || job.printerId === filter.printer) &&
      (!wanted || `${job.id} ${job.documentName ?? ""} ${job.user ?? ""}`.toLowerCase().includes(wanted)),
  );
  matching.sort((one, other) => String(other.id).localeCompare(String(one.id), "en", { numeric: true }));
  const shown = matching.slice(0, MOST_ROWS).map((job) => ({ job, printerName: names.get(job.printerId) ?? "" }));
  keepInStep(body, shown, ({ job }) => `${job.printerId}/${job.id}`, row);
  return { matching: matching.length, shown: shown.length };
}

function row() {
  const id = element("td", { class: "id" });
  const name = element("span", { class: "document" });
  const size = element("span", { class: "size" });
  const user = element("td", { class: "user" });
  const printer = element("td", { class: "on" });
  const state = element("span", { class: "chip" });
  const reason = element("span", { class: "reason" });
  const pages = element("td", { class: "number" });
  const sheets = element("td", { class: "number" });
  const paper = element("td", { class: "paper" });
  const made = element(
    "tr",
    {},
    id,
    element("td", {}, name, size),
    user,
    printer,
    element("td", { class: "state" }, state, reason),
    pages,
    sheets,
    paper,
  );
  made.update = ({ job, printerName }) => {
    setAttribute(made, "data-state", job.isHeld ? "held" : job.state);
    setText(id, job.id);
    setText(name, job.documentName || "Not uploaded yet");
    setText(size, sizeText(job.size));
    setText(user, job.user);
    setText(printer, printerName);
    setText(state, job.isHeld ? "held" : words(job.state));
    setText(reason, reasonText(job));
    setText(pages, job.pages || "");
    setText(sheets, job.sheets || "");
    showPaper(paper, job.paper);
  };
  return made;
}

// The words that help: why a job waits or failed, and what a printer noted about one that came out.
function reasonText(job) {
  const details = job.details ?? [];
  if (job.isHeld) return "until an app releases it";
  if (job.redirectedTo) return `went on as job ${job.redirectedTo.split("/").at(-1)}`;
  if (job.isDeleted) return `deleted: ${job.description}`;
  if (job.state === "completed") {
    const note = (job.description ?? "").split("Note: ")[1];
    return details.includes("completedWithWarnings") && note ? note : "";
  }
  if (job.state === "processing") return details.map(words).join(", ");
  if (job.state === "paused" && job.uploadedBytes > 0 && job.uploadedBytes < job.size) {
    return `uploaded ${Math.floor((100 * job.uploadedBytes) / job.size)} % of it`;
  }
  if (job.state === "paused" && details.length) return details.map(words).join(", ");
  return job.description ?? "";
}

function showPaper(cell, paper) {
  if (cell.dataset.paper === (paper ?? "")) return;
  cell.dataset.paper = paper ?? "";
  if (!paper) {
    cell.replaceChildren();
    return;
  }
  const path = `/paper/${paper.split("/").map(encodeURIComponent).join("/")}`;
  const name = paper.split("/").at(-1);
  cell.replaceChildren(
    element("a", { href: path, target: "_blank", rel: "noreferrer", "aria-label": `Open the paper ${name}` }, "Open"),
    " ",
    element("a", { href: path, download: name, "aria-label": `Download the paper ${name}` }, "Download"),
  );
}

// What matters of a fault depends on what it does; the rest of it stands at its defaults.
const FACTS_OF = {
  status: ["status", "code", "retryAfter"],
  delay: ["seconds"],
  restart: ["seconds"],
  cutRequest: ["at"],
  cutReply: ["at"],
  dropBefore: [],
  dropAfter: [],
  lose: [],
  double: [],
  reorder: [],
  late: ["seconds"],
};

export function showFaults(list, faults, remove) {
  const items = faults.map((fault, at) => ({ fault: camelCased(fault), key: fault.id ?? at }));
  keepInStep(list, items, (item) => item.key, () => {
    const made = element("li", {});
    made.update = ({ fault }) => {
      const shown = JSON.stringify(fault);
      if (made.dataset.shown === shown) return;
      made.dataset.shown = shown;
      const { operation, action, count, applied, matched, id, ...rest } = fault;
      const title = operation && operation !== "*" ? operation : "Any operation";
      const names = FACTS_OF[action] ? [...FACTS_OF[action], "path", "skip", "after"] : Object.keys(rest);
      made.replaceChildren(
        element("strong", {}, title),
        element("span", { class: "what" }, words(action ?? "fault")),
        ...names
          .filter((name) => ![null, undefined, "", 0, false].includes(rest[name]))
          .map((name) => element("span", { class: "fact" }, `${words(name)} `, element("b", {}, factText(rest[name])))),
        element("span", { class: "fact" }, "happened ", element("b", {}, timesText(applied ?? 0, count))),
      );
      if (id !== undefined) {
        const label = `Remove the fault of ${title}`;
        made.append(element("button", { type: "button", "aria-label": label, onclick: () => remove(id) }, "Remove"));
      }
    };
    return made;
  });
}

function camelCased(fault) {
  const rename = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fault).map(([name, value]) => [rename(name), value]));
}

function timesText(applied, count) {
  return Number.isInteger(count) ? `${applied} of ${count}` : `${applied}, and goes on`;
}

function factText(value) {
  if (value === true) return "yes";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
