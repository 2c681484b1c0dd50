// Conducts: which screen is shown, whose session it is, and that nothing of a person stays when it ends.

import { watchBadges } from "./badge.js";
import { SessionClock } from "./clock.js";
import { device, knownName, rememberName, takeFromAddress } from "./device.js";
import { at, element, forgetSpoken, setText, speak } from "./dom.js";
import { icon } from "./icons.js";
import { jobsScreen } from "./jobs.js";
import { idleScreen, messageScreen, waitText, waitingScreen } from "./messages.js";
import { checkDevice, endOf, startSession } from "./service.js";
import { Session, isLost } from "./session.js";
import { signInScreen } from "./sign_in.js";
import { LANGUAGES, kioskLanguage, language, say, useLanguage } from "./words.js";

const SESSION_SECONDS = 60;
const AFTER_ALL_SECONDS = 25;
const WARNING_SECONDS = 20;
const MESSAGE_SECONDS = 15;
const SIGN_IN_SECONDS = 90;
const READ_MILLISECONDS = 8000;
const REFRESH_MILLISECONDS = 10000;
const RELOAD_MILLISECONDS = 6 * 3600 * 1000;
// Some readers send a badge more than once while it is held to them.
const SAME_BADGE_MILLISECONDS = 2000;

const PLACES = ["setUp", "idle", "waiting", "signIn", "message", "jobs"];
let view = { place: "idle" };
let session = null;
let clock = null;
let refreshing = 0;
let leaving = 0;
let slowUntil = 0;
// The badge that is asked about or whose list is shown: {text, at}.
let badge = null;
let tap = 0;
let screen = null;

function show(next) {
  if (!PLACES.includes(next.place)) throw new Error(`there is no screen ${next.place}`);
  view = next;
  render();
  const target = screen.focusFirst ? null : screen.querySelector("h1");
  screen.focusFirst?.();
  target?.focus();
  if (target) speak([target.textContent, screen.querySelector("h1 + p")?.textContent ?? ""].join(" "));
  else forgetSpoken();
  leaveLater();
}

function render() {
  screen = build();
  at("screen").replaceChildren(screen);
  document.body.dataset.place = view.place;
  renderBar();
}

function build() {
  switch (view.place) {
    case "idle":
      return idleScreen({ onPin: () => show({ place: "signIn", form: { step: "name", userName: "", error: "" } }) });
    case "signIn":
      return signInScreen(view.form, {
        onSubmit: (proof) => identify(proof),
        onCancel: toIdle,
        onStep: (form) => show({ place: "signIn", form }),
      });
    case "jobs":
      return jobsScreen(session, { onDone: signOut });
    case "message":
      return messageScreen(view.kind, view.values?.() ?? {}, actionsOf(view.kind));
    case "setUp":
      return messageScreen(view.kind, { kiosk: device()?.id ?? "" }, view.kind === "unknownDevice" ? [[say("tryAgain"), checkAgain, true]] : []);
    default:
      return waitingScreen();
  }
}

function actionsOf(kind) {
  const actions = [[say("ok"), toIdle, true]];
  if (kind === "unknownBadge") {
    actions.unshift([say("useNameAndPin"), () => show({ place: "signIn", form: { step: "name", userName: "", error: "" } })]);
  }
  return actions;
}

function renderBar() {
  const bar = at("bar");
  const tongue = element("button", { type: "button", class: "button language", lang: language(), onclick: chooseLanguage },
    icon("globe"), element("span", {}, LANGUAGES.find(([tag]) => tag === language())?.[1] ?? language()),
    element("span", { class: "spoken" }, ` – ${say("language")}`));
  if (view.place !== "jobs") {
    bar.replaceChildren(element("p", { class: "where" }, icon("print"), element("span", {}, knownName() || say("title"))),
      navigator.onLine ? "" : element("p", { class: "no-network" }, icon("offline"), element("span", {}, say("offlineTitle"))), tongue);
    return;
  }
  bar.replaceChildren(
    element("p", { class: "where" }, icon("person"), element("span", {}, session.person.displayName),
      element("span", { class: "quiet printer" }, session.kiosk.printer.displayName)),
    element("p", { class: "clock", id: "clock" },
      element("svg", { class: "ring", viewBox: "0 0 36 36", "aria-hidden": "true" },
        element("circle", { cx: 18, cy: 18, r: 15.5 }), element("circle", { class: "left", id: "ring", cx: 18, cy: 18, r: 15.5, pathLength: 100 })),
      element("span", { class: "clock-number", id: "seconds" }), element("span", { class: "clock-text", id: "clock-text" }, say("touchToStay"))),
    tongue,
    element("button", { type: "button", class: "button", id: "done", onclick: signOut }, say("signOut")));
}

function showTime(seconds, share) {
  if (view.place !== "jobs") return;
  setText(at("seconds"), say("secondsShort", { count: seconds }));
  at("ring").setAttribute("stroke-dasharray", `${Math.max(0, Math.min(1, share)) * 100} 100`);
  const ending = seconds <= WARNING_SECONDS;
  const was = at("clock").dataset.ending === "yes";
  at("clock").dataset.ending = ending ? "yes" : "no";
  if (ending && !was) speak(say("endsSoon", { count: seconds }));
}

// A badge was shown, or a name and PIN typed. Whoever was here before is signed out first.
async function identify(proof) {
  if (!device() || isSameBadge(proof)) return;
  endSession();
  const turn = (tap += 1);
  if (proof.badge && slowUntil > performance.now()) return slowDown(slowUntil, true);
  badge = proof.badge ? { text: proof.badge, at: 0 } : null;
  show({ place: "waiting" });
  const answer = await startSession(proof);
  if (turn !== tap) return;
  if (badge) badge = answer.ok ? { ...badge, at: performance.now() } : null;
  if (answer.ok) return begin(answer);
  switch (answer.code) {
    case "unknownDevice":
      return show({ place: "setUp", kind: "unknownDevice" });
    case "slowDown": {
      const until = performance.now() + Math.max(1, answer.retryAfter) * 1000;
      // A wait for a badge is that of the kiosk. One for a PIN may be that of one person, and keeps nobody else away.
      if (proof.badge) slowUntil = until;
      return slowDown(until, Boolean(proof.badge));
    }
    case "wrongPin":
      return show({ place: "signIn", form: { step: "pin", userName: proof.userName, error: "wrongPin" } });
    case "unknownBadge":
    case "kioskOff":
    case "offline":
      return show({ place: "message", kind: answer.code });
    default:
      return show({ place: "message", kind: "trouble" });
  }
}

// Read twice, a badge must not begin anew: choices, outcomes and notices of the first reading would be lost.
function isSameBadge({ badge: text }) {
  if (!badge || badge.text !== text) return false;
  return view.place === "waiting" || Boolean(session?.busy) || performance.now() - badge.at < SAME_BADGE_MILLISECONDS;
}

// `stays`: the screen is left when the wait is over, not before.
function slowDown(until, stays) {
  const left = () => Math.max(0, Math.ceil((until - performance.now()) / 1000));
  show({ place: "message", kind: "slowDown", stays, values: () => ({ count: left() }) });
  const shown = screen;
  const counting = setInterval(() => {
    if (screen !== shown && (view.place !== "message" || view.kind !== "slowDown")) return clearInterval(counting);
    if (left() > 0) return setText(screen.querySelector("h1 + p"), waitText(left()));
    clearInterval(counting);
    return toIdle();
  }, 250);
}

function begin({ body, sent }) {
  rememberName(body.kiosk.displayName);
  if (body.jobs.length === 0 && body.notices.length === 0) {
    const name = body.person.displayName;
    return show({ place: "message", kind: "nothing", values: () => ({ name }) });
  }
  session = new Session(body, changed, refused);
  show({ place: "jobs" });
  clock = new SessionClock({ seconds: SESSION_SECONDS, latest: endOf(body.expiresAt, sent), onTick: showTime, onEnd: timeIsOver });
  refreshing = setInterval(() => session?.refresh(), REFRESH_MILLISECONDS);
  // They stand on the screen now: until the service knows, it tells them at every tap.
  if (session.notices.length > 0) session.refresh();
}

function changed(settled) {
  if (view.place === "jobs") screen.update(settled);
  if (session && settled?.length && session.free.length === 0 && !session.busy && !session.items.some(isLost)) clock?.setLength(AFTER_ALL_SECONDS);
}

function refused(code) {
  endSession();
  show(code === "unknownDevice" ? { place: "setUp", kind: code } : { place: "message", kind: "sessionEnded" });
}

function timeIsOver() {
  // A release that is under way is waited for: its outcome is what the person stands here for.
  if (session?.busy && clock) {
    const waiting = setInterval(() => {
      if (session?.busy) return;
      clearInterval(waiting);
      const shown = session;
      setTimeout(() => session && session === shown && signOut(), READ_MILLISECONDS);
    }, 500);
    return;
  }
  signOut();
}

function signOut() {
  endSession();
  toIdle();
  speak(say("signedOut"));
}

function endSession() {
  tap += 1;
  clearInterval(refreshing);
  clock?.stop();
  session?.end();
  clock = session = badge = null;
  closeDialog();
  forgetSpoken();
}

function closeDialog() {
  if (at("dialog").open) at("dialog").close();
  at("dialog").replaceChildren();
}

function toIdle() {
  endSession();
  if (language() !== kioskLanguage) {
    useLanguage(kioskLanguage).then(() => view.place === "idle" && render(), () => {});
  }
  show({ place: "idle" });
}

// Screens that hold or tell something leave by themselves; a touch begins their time anew.
function leaveLater() {
  clearTimeout(leaving);
  const seconds = { message: MESSAGE_SECONDS, signIn: SIGN_IN_SECONDS, idle: SIGN_IN_SECONDS }[view.place];
  if (!seconds || view.stays || (view.place === "idle" && language() === kioskLanguage && !at("dialog").open)) return;
  leaving = setTimeout(toIdle, seconds * 1000);
}

function chooseLanguage() {
  const dialog = at("dialog");
  const choose = async (tag) => {
    try {
      await useLanguage(tag);
    } catch {
      return;
    }
    closeDialog();
    render();
    at("bar").querySelector(".language").focus();
    leaveLater();
  };
  dialog.replaceChildren(
    element("h2", { id: "dialog-title" }, say("language")),
    element("div", { class: "languages" }, LANGUAGES.map(([tag, name]) =>
      element("button", { type: "button", class: "button", lang: tag, "aria-pressed": String(tag === language()), onclick: () => choose(tag) }, name))),
    element("div", { class: "actions" },
      element("button", { type: "button", class: "button", onclick: closeDialog }, say("back"))));
  dialog.showModal();
  leaveLater();
}

async function checkAgain() {
  show({ place: "waiting" });
  if (await checkDevice()) toIdle();
  else show({ place: "setUp", kind: "unknownDevice" });
}

async function isServed() {
  const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(20000) }).catch(() => null);
  return Boolean(answer?.ok);
}

// A kiosk runs for months: now and then, while nobody stands there, it takes the page that is published now.
function reloadWhenIdle() {
  setInterval(async () => {
    if (view.place !== "idle" || performance.now() < RELOAD_MILLISECONDS) return;
    if ((await isServed()) && view.place === "idle") location.reload();
  }, 600000);
}

// Nothing can be said without words. While the service is away the browser would show an error of its own for ever.
async function beginAnew() {
  if (await isServed()) location.reload();
  else setTimeout(beginAnew, 5000);
}

async function begun() {
  const justSetUp = takeFromAddress();
  try {
    await useLanguage(kioskLanguage);
  } catch {
    setTimeout(beginAnew, 5000);
    return;
  }
  if (!device()) show({ place: "setUp", kind: "notSetUp" });
  else if (justSetUp) await checkAgain();
  else show({ place: "idle" });
}

addEventListener("hashchange", () => {
  if (takeFromAddress()) {
    endSession();
    checkAgain();
  }
});
for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  addEventListener(kind, () => {
    clock?.touch();
    leaveLater();
  }, { capture: true, passive: true });
}
for (const kind of ["online", "offline"]) addEventListener(kind, () => view.place !== "jobs" && renderBar());
// A browser may keep a page that was left, and show it again as it was to whoever goes back.
addEventListener("pagehide", () => session && toIdle());
addEventListener("contextmenu", (event) => event.preventDefault());
watchBadges((text) => identify({ badge: text }));
reloadWhenIdle();
begun();
