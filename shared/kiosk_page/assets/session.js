// One person's session: the jobs, what is chosen, what was asked of the service and what came of it.

import { discard, readJobs, redirect } from "./service.js";

const MOST_AT_ONCE = 50;
const MOST_SEEN = 20;
const LOOKS_AT_A_RELEASE = 5;
const LOOK_MILLISECONDS = 2000;
const LOST = [1000, 2000, 4000];

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

// An item is {job, chosen, open, changes, busy, outcome}; outcome {code} of the service, with its reason, or discarding,
// onItsWay, releasing (somebody is sending it, and the print service has not taken it yet), unconfirmed (somebody began
// to send it and did not end; whoever sends it again finds out), gone (no answer came, and it waits no more), notSent (no
// answer came, and it still waits), unknown.
const FINAL = new Set(["released", "discarded", "discarding", "alreadyGone", "onItsWay", "gone"]);

export const isFinal = (item) => item.outcome !== null && FINAL.has(item.outcome.code);
// What became of it is still to be seen.
export const isLost = (item) => item.outcome !== null && ["unknown", "releasing"].includes(item.outcome.code);
export const isFree = (item) => !item.busy && !isFinal(item) && !isLost(item);
// What it means that a job is listed no more after it was asked for and no answer came.
const whenGone = (asked) => (asked === "discard" ? "discarded" : "gone");

export class Session {
  #token;
  #ended = false;
  #asked = 0;
  #seen = new Set();

  constructor(answer, onChange, onRefused) {
    this.#token = answer.session;
    this.person = answer.person;
    this.kiosk = answer.kiosk;
    this.items = answer.jobs.map((job) => item(job, job.owner === null));
    this.notices = [...answer.notices];
    this.onChange = onChange;
    this.onRefused = onRefused;
  }

  get chosen() {
    return this.items.filter((each) => each.chosen && isFree(each));
  }

  get free() {
    return this.items.filter(isFree);
  }

  get busy() {
    return this.items.some((each) => each.busy);
  }

  // Forgets the person. What is still on its way from the service is dropped when it comes.
  end() {
    this.#ended = true;
    this.#token = "";
    this.person = null;
    this.items = [];
    this.notices = [];
    this.onChange = this.onRefused = () => {};
  }

  choose(each, chosen) {
    each.chosen = chosen;
    this.onChange();
  }

  chooseAll(chosen) {
    for (const each of this.free) each.chosen = chosen;
    this.onChange();
  }

  print = () => this.#act(redirect, "redirect", (each) => ({ id: each.job.id, ...each.changes }));
  discard = () => this.#act(discard, "discard", (each) => ({ id: each.job.id }));

  // What waits now; new jobs come first and are not chosen.
  async refresh() {
    if (this.busy || this.#ended) return;
    const asked = this.#asked;
    const answer = await this.#read([]);
    if (this.#ended || !this.#accepted(answer) || !answer.ok) return;
    if (!this.busy && asked === this.#asked) this.#take(answer.body);
    this.onChange();
  }

  // Jobs of which nothing is known are looked for again.
  async lookAgain() {
    const lost = this.items.filter(isLost);
    for (const each of lost) Object.assign(each, { busy: "checking", outcome: null });
    this.onChange();
    await this.#lookUp(lost);
    if (!this.#ended) this.onChange(lost);
  }

  async #act(send, name, asJob) {
    const chosen = this.chosen;
    if (chosen.length === 0) return;
    this.#asked += 1;
    for (const each of chosen) Object.assign(each, { busy: name, asked: name, outcome: null, open: false });
    this.onChange();
    for (let from = 0; from < chosen.length && !this.#ended; from += MOST_AT_ONCE) {
      const part = chosen.slice(from, from + MOST_AT_ONCE);
      const answer = await send(this.#token, part.map(asJob));
      if (this.#ended || !this.#accepted(answer)) return;
      if (answer.ok) settle(part, answer.body.outcomes);
      else if (answer.code === "offline" || answer.status >= 500) await this.#lookUp(part);
      else settle(part, part.map((each) => ({ id: each.job.id, outcome: "tryAgain" })));
    }
    if (!this.#ended) this.onChange(chosen);
  }

  // No answer came: what is true is in the list of jobs. Nothing is sent a second time.
  async #lookUp(part) {
    for (const each of part) each.busy = "checking";
    this.onChange();
    let open = part;
    for (let look = 0; look < LOOKS_AT_A_RELEASE && open.length > 0; look += 1) {
      if (look > 0) await pause(LOOK_MILLISECONDS);
      const answer = this.#ended ? null : await this.#read(LOST);
      if (this.#ended || !this.#accepted(answer)) return;
      if (!answer.ok) break;
      const waiting = new Map(answer.body.jobs.map((job) => [job.id, job.state]));
      for (const each of open) {
        const state = waiting.get(each.job.id);
        const code = state === undefined ? whenGone(each.asked) : state === "held" ? "notSent" : state;
        if (code !== "releasing" || look + 1 === LOOKS_AT_A_RELEASE) conclude(each, { code });
      }
      open = open.filter((each) => each.busy);
    }
    for (const each of open) conclude(each, { code: "unknown" });
  }

  // A session that the service ended has no more jobs to show.
  #accepted(answer) {
    if (answer.ok || !["sessionEnded", "unknownDevice"].includes(answer.code)) return true;
    this.onRefused(answer.code);
    return false;
  }

  // Reads what waits, and says which notices are on the screen: the service tells them until it knows.
  async #read(delays) {
    const seen = this.notices.map((notice) => notice.id).filter((id) => !this.#seen.has(id)).slice(0, MOST_SEEN);
    const answer = await readJobs(this.#token, seen, delays);
    if (!answer.ok || this.#ended) return answer;
    for (const id of seen) this.#seen.add(id);
    const told = new Set(this.notices.map((notice) => notice.id));
    this.notices.push(...answer.body.notices.filter((notice) => !told.has(notice.id)));
    return answer;
  }

  #take({ jobs }) {
    const known = new Map(this.items.map((each) => [each.job.id, each]));
    const listed = new Set(jobs.map((job) => job.id));
    for (const job of jobs) {
      const each = known.get(job.id);
      if (!each) continue;
      each.job = job;
      if (job.state === "released" && each.outcome?.code !== "released") each.outcome = { code: "onItsWay" };
      else if (job.state === "releasing" && !isFinal(each)) each.outcome = { code: "releasing" };
      else if (job.state === "unconfirmed" && !isFree(each)) Object.assign(each, { outcome: { code: "unconfirmed" }, chosen: false });
      else if (job.state === "held" && (!isFree(each) || each.outcome?.code === "unconfirmed")) Object.assign(each, { outcome: { code: "notSent" }, chosen: false });
    }
    for (const each of this.items) {
      if (listed.has(each.job.id) || isFinal(each)) continue;
      each.outcome = { code: isLost(each) ? whenGone(each.asked) : "alreadyGone" };
    }
    this.items.unshift(...jobs.filter((job) => !known.has(job.id)).map((job) => item(job, false)));
  }
}

function item(job, chosen) {
  const outcome = job.state === "held" ? null : { code: job.state === "released" ? "onItsWay" : job.state };
  return { job, chosen: chosen && !outcome, open: false, changes: {}, busy: "", asked: "", outcome };
}

function conclude(each, outcome) {
  Object.assign(each, { busy: "", outcome, chosen: false });
}

function settle(part, outcomes) {
  const found = new Map(outcomes.map((each) => [each.id, each]));
  for (const each of part) {
    const outcome = found.get(each.job.id);
    const { reason, reasonCode, printer } = outcome ?? {};
    // The service lost an answer itself, so it knows no more than a page that lost one.
    if (!outcome || reasonCode === "unclear") conclude(each, { code: "unknown" });
    // An earlier request of this kiosk is still at it.
    else if (outcome.outcome === "tryAgain" && reasonCode === "stillSending") conclude(each, { code: "releasing" });
    else if (outcome.outcome === "discarded" && reasonCode === "discarding") conclude(each, { code: "discarding" });
    else conclude(each, { code: outcome.outcome, reason, reasonCode, printer });
  }
}
