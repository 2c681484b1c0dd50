// Talks to the service. Each answer is {ok, body} or {code, retryAfter, detail}; code "offline" when none came.

import { device } from "./device.js";

const JSON_TYPE = "application/json";
const SECONDS = { session: 25, jobs: 20, redirect: 90, discard: 90 };

async function ask(name, { session = "", body = null, query = "" } = {}) {
  const kiosk = device();
  const headers = { "X-Kiosk-Id": kiosk?.id ?? "", Authorization: `Bearer ${kiosk?.secret ?? ""}` };
  if (session) headers["X-Kiosk-Session"] = session;
  if (body) headers["Content-Type"] = JSON_TYPE;
  try {
    const answer = await fetch(`/api/kiosk/${name}${query}`, {
      method: body ? "POST" : "GET",
      headers,
      body: body ? JSON.stringify(body) : undefined,
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(SECONDS[name] * 1000),
    });
    const content = await answer.json().catch(() => null);
    if (answer.ok && content) return { ok: true, body: content, sent: Date.parse(answer.headers.get("Date") ?? "") };
    if (answer.ok) return { ok: false, code: "offline" };
    return {
      ok: false,
      status: answer.status,
      code: content?.code ?? (answer.status === 429 ? "slowDown" : "trouble"),
      retryAfter: Number(answer.headers.get("Retry-After")) || 0,
    };
  } catch (problem) {
    return { ok: false, code: "offline", late: problem?.name === "TimeoutError" };
  }
}

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

// Asking who it is, or what waits, changes nothing: it may be asked again, unless it took its whole time in vain.
async function repeat(work, delays) {
  let answer = await work();
  for (const delay of delays) {
    if (answer.ok || answer.code !== "offline" || answer.late) return answer;
    await pause(delay);
    answer = await work();
  }
  return answer;
}

export const startSession = (proof) => repeat(() => ask("session", { body: proof }), [400, 1200]);
// `seen`: ids of notices that stand on the screen, which the service need not tell again.
export const readJobs = (session, seen, delays = [500, 1500, 3000]) =>
  repeat(() => ask("jobs", { session, query: seen.length ? `?seen=${seen.join(",")}` : "" }), delays);
// Once each: whoever loses the answer looks at the jobs, and never sends it again.
export const redirect = (session, jobs) => ask("redirect", { session, body: { jobs } });
export const discard = (session, jobs) => ask("discard", { session, body: { jobs } });

// Whether the kiosk may speak at all; asked once, when somebody has just set it up.
export const checkDevice = async () => (await ask("jobs")).code !== "unknownDevice";

// Milliseconds of performance.now() at which something that the server dates ends, whatever this machine's date is.
export function endOf(expiresAt, sent) {
  const left = Date.parse(expiresAt) - (Number.isFinite(sent) ? sent : Date.now());
  return performance.now() + (Number.isFinite(left) ? left : 0);
}
