/** One's own reminders of a task. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { HERE, instantOf, sayAgo, sayWhen, wallTime } from "../lib/time.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { icon } from "../parts/icon.js";
import { whenForm } from "../dialogs/when.js";
import { partHead } from "./part.js";
import { troublesOf } from "./troubles.js";
import { capital, sayDuration, sayTrigger } from "../model/saying.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Reminder} Reminder */

/** @param {App} app @param {Task} task */
export function reminders(app, task) {
  const all = app.store.reminders.filter((one) => one.task === task.id);
  const again = new Set(all.map((one) => one.snoozed_from)); // a snoozed one is done with once the one that takes its place is there
  const own = all.filter((one) => one.state === "pending" || one.state === "fired" || (one.state === "snoozed" && !again.has(one.id)));
  own.sort((one, other) => ((one.scheduled_for ?? "~") < (other.scheduled_for ?? "~") ? -1 : 1));
  const add = h("button", { type: "button", class: "button quiet", onclick: () => app.openDialog("remind", { task: task.id }) }, icon("plus"), "Remind me");
  return h("section", { class: "detail-part", key: "reminders", "aria-label": "Reminders" },
    partHead("Reminders", "", add),
    h("ul", { class: "lines" }, own.map((one) => reminder(app, task, one))),
    troublesOf(app, task.id, "reminders"));
}

/** @param {App} app @param {Task} task @param {Reminder} one */
function reminder(app, task, one) {
  const fired = one.state === "fired";
  const words = one.snoozed_from || one.state === "snoozed" ? "Snoozed" : capital(sayTrigger(one.trigger));
  const at = one.scheduled_for ? (fired ? `came ${sayAgo(one.fired_at ?? one.scheduled_for)}` : "at" in one.trigger && !one.snoozed_from ? "" : sayWhen({ local: wallTime(one.scheduled_for) })) : "waits for a date";
  const small = (/** @type {string} */ name, /** @type {string} */ drawn, /** @type {() => void} */ run) => h("button", { type: "button", class: "icon-button small", key: name, "aria-label": `${name}: ${words}`, title: name, onclick: run }, icon(drawn));
  return h("li", { key: one.id, class: `line${fired ? " fired" : ""}` },
    icon("bell"), h("span", { class: "grow line-words" }, h("span", null, words), at ? h("span", { class: "hint" }, ` ${at}`) : null),
    fired ? small("Done with it", "check", () => void app.send({ type: "AcknowledgeReminder", reminder: one.id }, { said: "Reminder seen to" })) : null,
    small("Snooze", "clock", () => app.openDialog("snooze", one)),
    small("Remove", "close", () => void app.send({ type: "RemoveReminder", task: task.id, reminder: one.id }, { said: "Removed the reminder" })));
}

const BEFORE = ["PT0S", "PT10M", "PT30M", "PT1H", "P1D", "P7D"];

dialog("remind", (app, /** @type {{task: string}} */ { task: id }) => {
  const task = app.store.task(id);
  const add = (/** @type {any} */ trigger) => {
    app.closeDialog();
    void app.send({ type: "AddReminder", task: id, reminder: uuid(), trigger }, { said: "You will be reminded" });
  };
  const of = (/** @type {"due" | "start"} */ field) => h("div", { class: "choices", key: field, role: "group", "aria-label": field === "due" ? "Before it is due" : "Before it starts" },
    h("h3", null, field === "due" ? "Before it is due" : "Before it starts"),
    h("div", { class: "row" }, BEFORE.map((before) => h("button", { type: "button", class: "button", key: before, onclick: () => add({ before, of: field }) }, sayDuration(before) || "At the time"))));
  return [
    dialogHead(app, "Remind me", task?.title),
    task?.due || !task?.start ? of("due") : null, task?.start ? of("start") : null,
    task?.due || task?.start ? null : h("p", { class: "hint" }, "It has no date yet; the reminder waits until it has one."),
    h("h3", { key: "at" }, "At a time"),
    whenForm(app, { local: soon(), zone: HERE }, "When to remind", "Remind me", (found) => add({ at: new Date(instantOf(found.local ?? `${found.date}T09:00`, found.zone ?? HERE)).toISOString() })),
  ];
});

/** The next full hour, as a wall time here. */
function soon() {
  const next = new Date(Math.ceil((Date.now() + 600_000) / 3_600_000) * 3_600_000);
  return `${next.toLocaleDateString("en-CA")}T${String(next.getHours()).padStart(2, "0")}:00`;
}
