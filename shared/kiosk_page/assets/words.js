// The page's words in the person's language: texts with plurals, times, sizes.

export const LANGUAGES = [
  ["de", "Deutsch"],
  ["en", "English"],
  ["es", "Español"],
  ["fr", "Français"],
  ["it", "Italiano"],
  ["pt", "Português"],
  ["ja", "日本語"],
  ["zh-Hans", "简体中文"],
];
const TYPES = {
  "application/pdf": "PDF",
  "application/oxps": "XPS",
  "application/vnd.ms-xpsdocument": "XPS",
  "image/jpeg": "JPEG",
  "image/tiff": "TIFF",
  "image/png": "PNG",
  "text/plain": "TXT",
};

let words = {};
let tag = "en";
let plurals = new Intl.PluralRules("en");
export const kioskLanguage = document.documentElement.lang;

export const language = () => tag;

// Takes the language into use. Raises an error when its file does not come.
export async function useLanguage(wanted) {
  const answer = await fetch(`/api/kiosk/assets/${wanted}.json`, { credentials: "omit", signal: AbortSignal.timeout(15000) });
  if (!answer.ok) throw new Error(`the language ${wanted} did not come: ${answer.status}`);
  words = await answer.json();
  tag = wanted;
  plurals = new Intl.PluralRules(tag);
  document.documentElement.lang = tag;
  document.documentElement.dir = words.direction;
  document.title = words.title;
}

// The text `key`; its plural form is that of `values.count`.
export function say(key, values = {}) {
  const entry = words[key];
  const text = typeof entry === "string" ? entry : (entry[plurals.select(values.count)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

export const knows = (key) => Object.hasOwn(words, key);

// For the words of the service, which may know more of them than this page.
export const sayIfKnown = (key, otherwise) => (knows(key) ? say(key) : otherwise);

export const number = (value) => new Intl.NumberFormat(tag).format(value);

export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)), 3);
  const value = bytes / 1000 ** power;
  const digits = power < 2 || value >= 10 ? 0 : 1;
  return new Intl.NumberFormat(tag, { style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumFractionDigits: digits })
    .format(value);
}

// A time near now: with "today" or "yesterday", else with its date.
export function when(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return "";
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((midnight(time) - midnight(new Date())) / 86400000);
  const clock = new Intl.DateTimeFormat(tag, { timeStyle: "short" }).format(time);
  if (days === 0 || days === -1) return `${new Intl.RelativeTimeFormat(tag, { numeric: "auto" }).format(days, "day")} ${clock}`;
  return new Intl.DateTimeFormat(tag, { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" }).format(time);
}

export const typeName = (contentType) => TYPES[contentType] ?? "";
