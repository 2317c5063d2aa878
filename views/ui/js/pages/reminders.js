/** Reminders: those that have fired and wait for an answer, and those to come, each with its task. */

import { h } from "../lib/dom.js";
import { dayOf, sayAgo, sayDay, sayWhen, wallTime } from "../lib/time.js";
import { sayDuration } from "../model/saying.js";
import { acknowledge, canAsk, snoozeDialog } from "../model/reminding.js";
import { icon } from "../parts/icon.js";
import { empty, link, pageHead } from "../parts/shell.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Reminder} Reminder */

/** @type {Record<string, string>} */
const DELIVERED = { scheduled: "on its way", failed: "failed, is tried again", delivered: "delivered", acknowledged: "seen", expired: "given up", withdrawn: "not needed any more" };

/** @param {App} app */
export function reminders(app) {
  const { fired, pending } = app.store.keep("reminders page", () => {
    const own = app.store.reminders.filter((one) => app.store.task(one.task));
    const byTime = (/** @type {Reminder} */ one, /** @type {Reminder} */ other) => ((one.scheduled_for ?? "~") < (other.scheduled_for ?? "~") ? -1 : 1);
    return { fired: own.filter((one) => one.state === "fired").sort(byTime).reverse(), pending: own.filter((one) => one.state === "pending").sort(byTime) };
  });
  const days = Map.groupBy(pending, (one) => (one.scheduled_for ? dayOf({ local: wallTime(one.scheduled_for) }) : ""));
  const all = fired.length > 1 ? h("button", { type: "button", class: "button quiet", onclick: () => fired.forEach((one) => acknowledge(app, one.id)) }, "All seen") : null;
  return [
    pageHead(app, { title: "Reminders", subtitle: "Yours alone; others have their own" }),
    h("div", { class: "page-body", key: "reminders" },
      offer(app),
      fired.length ? h("section", { "aria-label": "Now", key: "now" }, h("div", { class: "group-head late" }, h("h2", null, "Now"), h("span", { class: "count" }, String(fired.length)), h("span", { class: "grow" }), all), h("ul", null, fired.map((one) => line(app, one)))) : null,
      [...days].map(([day, found]) => h("section", { key: day || "waiting", "aria-label": day ? sayDay(day) : "Waiting" }, h("div", { class: "group-head" }, h("h2", null, day ? sayDay(day) : "When their tasks have a date")), h("ul", null, found.map((one) => line(app, one))))),
      fired.length || pending.length ? null : empty({ drawn: "bell", title: "Nothing to be reminded of", text: "Write it with a task, such as “Call Anna on Friday at 14:00 remind me 30 minutes before”. What fires is shown here, and in every window that is open." })),
  ];
}

/** Desktop notifications are asked for by this button alone. @param {App} app */
function offer(app) {
  if (!canAsk()) return null;
  return h("div", { class: "desktop-offer", key: "offer" }, icon("bell"), h("span", { class: "grow" }, "Reminders can also be shown by your desktop, while this window is hidden."),
    h("button", { type: "button", class: "button", onclick: () => void Notification.requestPermission().then(() => app.tell()) }, "Show them"));
}

/** Why it fires when it does. @param {Reminder} one */
function why(one) {
  const trigger = /** @type {any} */ (one.trigger);
  if (one.snoozed_from) return "snoozed";
  return trigger.before ? `${sayDuration(trigger.before)} before it ${trigger.of === "start" ? "starts" : "is due"}` : "";
}

/** @param {App} app @param {Reminder} one */
function line(app, one) {
  const task = app.store.task(one.task);
  const fired = one.state === "fired";
  const at = fired ? (one.fired_at ?? one.scheduled_for) : one.scheduled_for;
  const late = fired && (one.late_by_seconds ?? 0) >= 60 ? `${sayDuration(`PT${Math.round((one.late_by_seconds ?? 0) / 60)}M`)} late` : "";
  const time = at ? (fired ? sayAgo(at) : sayWhen({ local: wallTime(at) })) : "";
  const words = [time, late, why(one), task?.due ? `due ${sayWhen(task.due)}` : ""].filter(Boolean).join(" · ");
  const title = task?.title ?? "";
  return h("li", { class: `reminder-line ${one.state}`, key: one.id, "data-reminder": one.id },
    h("span", { class: "reminder-mark" }, icon("bell")),
    h("div", { class: "reminder-main" },
      link(app, app.with({ task: one.task }), {}, title),
      h("span", { class: "hint" }, words),
      channels(one)),
    fired ? [
      h("button", { type: "button", class: "button", "aria-label": `Snooze: ${title}`, key: "snooze", onclick: () => snoozeDialog(app, one) }, icon("clock"), "Snooze"),
      h("button", { type: "button", class: "button primary", "aria-label": `Seen: ${title}`, key: "seen", onclick: () => acknowledge(app, one.id) }, icon("check"), "Seen"),
    ] : h("button", { type: "button", class: "icon-button", "aria-label": `Remove the reminder of ${title}`, title: "Remove", key: "remove", onclick: () => void app.send({ type: "RemoveReminder", task: one.task, reminder: one.id }, { said: "Removed the reminder" }) }, icon("close")));
}

/** Where it goes, and whether it came there. @param {Reminder} one */
function channels(one) {
  const deliveries = new Map((one.deliveries ?? []).map((delivery) => [delivery.channel, delivery]));
  const names = [...new Set([...one.channels, ...deliveries.keys()])];
  if (!names.length) return null;
  return h("span", { class: "channels" }, names.map((name) => {
    const delivery = deliveries.get(name);
    const words = name === "feed" ? "on this page" : name;
    return h("span", { class: `chip ${delivery?.state ?? ""}`, key: name, title: delivery?.error ?? undefined }, delivery ? `${words}: ${DELIVERED[delivery.state] ?? delivery.state}` : words);
  }));
}
