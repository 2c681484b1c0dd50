// Why something did not print: in the person's language where the page knows the code, else in the service's words.

import { element } from "./dom.js";
import { knows, say } from "./words.js";

// What the service says of these says more than the page can: the words of a rule, of Graph or of a printer.
const DETAILED = new Set(["aborted", "serviceRefused", "settingNotOffered"]);

// Nodes for a job's outcome or a notice; none where the service gave no reason.
export function why({ reasonCode = "", reason = "", printer = "" }) {
  const key = `reason_${reasonCode}`;
  const known = knows(key) && (reasonCode !== "sentTo" || printer !== "");
  const detail = reason && (!known || DETAILED.has(reasonCode));
  return [
    known ? element("span", { class: "reason" }, say(key, { printer })) : null,
    known && detail ? " " : null,
    detail ? element("span", { class: "reason detail", lang: "en" }, reason) : null,
  ];
}
