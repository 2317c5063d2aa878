/** What can be answered to a reminder, from wherever it is shown. */

import { uuid } from "../lib/ids.js";
import { HERE, addDays, instantOf, today, wallTime, weekday } from "../lib/time.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./types.js").Reminder} Reminder */

/** It was seen: it goes away in every window. @param {App} app @param {string} reminder */
export function acknowledge(app, reminder) {
  void app.send({ type: "AcknowledgeReminder", reminder }, { said: undefined });
}

/** @param {App} app @param {Reminder} reminder */
export function snoozeDialog(app, reminder) {
  app.openDialog("snooze", reminder);
}

/** @param {App} app @param {Reminder} reminder @param {{duration: string} | {until: string}} wanted @param {string} words */
export function snooze(app, reminder, wanted, words) {
  void app.send({ type: "SnoozeReminder", reminder: reminder.id, into: uuid(), ...wanted }, { said: `Snoozed ${words}` });
}

/** When it may come again: each with what is sent and how it is said. @param {string} [hour] of a morning @returns {{name: string, said: string, wanted: {duration: string} | {until: string}, at: string}[]} */
export function choices(hour = "09") {
  const now = Date.now();
  const wall = wallTime(now);
  const day = wall.slice(0, 10);
  const until = (/** @type {string} */ local) => ({ until: new Date(instantOf(local, HERE)).toISOString() });
  const inMinutes = (/** @type {number} */ minutes) => wallTime(now + minutes * 60_000);
  const monday = addDays(today(), 7 - weekday(day));
  const found = [
    { name: "In 10 minutes", said: "for 10 minutes", wanted: { duration: "PT10M" }, at: inMinutes(10) },
    { name: "In an hour", said: "for an hour", wanted: { duration: "PT1H" }, at: inMinutes(60) },
  ];
  /** @type {[string, string, string][]} */
  const later = [["This evening", "until this evening", `${day}T18:00`], ["Tomorrow morning", "until tomorrow morning", `${addDays(day, 1)}T${hour}:00`], ["Next Monday", "until Monday", `${monday}T${hour}:00`]];
  return [...found, ...later.filter(([, , local]) => local > wall.slice(0, 16)).map(([name, said, local]) => ({ name, said, wanted: until(local), at: local }))];
}

/** True if desktop notifications can be asked for, and have not been. */
export function canAsk() {
  return "Notification" in window && Notification.permission === "default";
}
