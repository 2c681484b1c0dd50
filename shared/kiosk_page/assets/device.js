// What makes this browser a kiosk: its id and secret. They come once, in the address, and stay in this browser.

const PLACE = "kiosk.device";
const NAME = "kiosk.name";

// Takes the device from the address and clears the address, so that neither screen nor history shows the secret.
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const id = (given.get("kiosk") ?? "").trim();
  const secret = (given.get("secret") ?? "").trim();
  if (location.hash || location.search) history.replaceState(null, "", location.pathname);
  if (!id || !secret) return false;
  localStorage.setItem(PLACE, JSON.stringify({ id, secret }));
  localStorage.removeItem(NAME);
  return true;
}

export function device() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "null");
    return typeof kept?.id === "string" && typeof kept?.secret === "string" ? kept : null;
  } catch {
    return null;
  }
}

// The kiosk's own name, learnt at a tap, so that the idle screen can show where one stands.
export const rememberName = (name) => localStorage.setItem(NAME, name);
export const knownName = () => localStorage.getItem(NAME) ?? "";
