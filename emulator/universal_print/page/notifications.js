// Who is told of what, and how telling them fares.

import { element, keepInStep, setText } from "/page/dom.js";

const FATES = { waiting: "waiting", delivered: "delivered", dropped: "dropped", lost: "lost by a fault" };

export function showNotifications(list, counts, { subscriptions, notifications }) {
  keepInStep(list, subscriptions, (subscription) => subscription.id, row);
  const parts = Object.entries(FATES).filter(([name]) => notifications[name]);
  setText(counts, parts.map(([name, words]) => `${notifications[name].toLocaleString()} ${words}`).join(" · "));
  counts.hidden = parts.length === 0;
}

function row() {
  const event = element("strong");
  const subject = element("span", { class: "what" });
  const address = element("span", { class: "fact" });
  const until = element("span", { class: "fact" });
  const made = element("li", {}, event, subject, address, until);
  made.update = (subscription) => {
    setText(event, subscription.event);
    setText(subject, `of ${subscription.subject}`);
    setText(address, new URL(subscription.notificationUrl).host);
    const end = new Date(subscription.expirationDateTime).toLocaleString();
    setText(until, subscription.isAuthorized ? `until ${end}` : "waits for reauthorization");
  };
  return made;
}
