/** Reminders that fire while the page is open, in a corner of whatever is shown, until they are answered. */

import { h } from "../lib/dom.js";
import { sayWhen } from "../lib/time.js";
import { toggleDone } from "../model/together.js";
import { acknowledge, snoozeDialog } from "../model/reminding.js";
import { icon } from "./icon.js";

/** Cards that are shown at once; the others are on their page. */
const MOST = 3;

/** @param {import("../app.js").App} app */
export function reminderCards(app) {
  if (app.phase !== "open") return null;
  const waiting = app.notices.open((id) => app.store.reminder(id));
  const cards = app.route.page === "reminders" ? [] : waiting; // its page shows them all
  return h("div", { class: "reminder-cards", key: "reminder-cards", role: "region", "aria-label": "Reminders" },
    h("div", { class: "unseen", role: "status", "aria-live": "assertive", key: "said" }, cards.length ? `Reminder: ${cards[cards.length - 1].task.title}` : ""),
    cards.slice(-MOST).map(({ reminder, task }) => {
      const now = app.store.task(task.id) ?? task;
      return h("article", { class: "reminder-card", key: reminder.id, "aria-label": `Reminder: ${now.title}` },
        h("header", null, icon("bell"),
          h("div", { class: "grow" }, h("strong", null, now.title), now.due ? h("p", { class: "hint" }, `Due ${sayWhen(now.due)}`) : null),
          h("button", { type: "button", class: "icon-button", "aria-label": `Seen: ${now.title}`, title: "Seen: away with it, in every window", onclick: () => acknowledge(app, reminder.id) }, icon("close"))),
        h("div", { class: "row end" },
          h("button", { type: "button", class: "button quiet", onclick: () => { app.notices.dismiss(reminder.id); app.openTask(task.id); } }, "Open"),
          h("button", { type: "button", class: "button", onclick: () => snoozeDialog(app, reminder) }, "Snooze"),
          app.may("editor") ? h("button", { type: "button", class: "button primary", onclick: () => { app.notices.dismiss(reminder.id); toggleDone(app, [now]); } }, icon("check"), "Done") : null));
    }));
}
