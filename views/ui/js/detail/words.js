/** Values and changes of a task in words: for its fields, its history, and what is beside a field. */

import { h } from "../lib/dom.js";
import { diff } from "../lib/diff.js";
import { HERE, sayFullDay, sayInstant, sayWhen } from "../lib/time.js";
import { capital, sayMinutes, sayTrigger, who } from "../model/saying.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../lib/dom.js").Content} Content */
/** @typedef {import("../model/types.js").Entry} Entry */

/** @type {Record<string, string>} */
export const STATUS = { open: "Open", "in-progress": "In progress", done: "Done", cancelled: "Cancelled", skipped: "Skipped", missed: "Missed" };

/** @type {Record<string, string>} */
export const PRIORITY = { none: "No priority", low: "Low", medium: "Medium", high: "High", urgent: "Urgent" };

/** How links read from the task that has them. @type {Record<string, string>} */
export const LINKS = { blocks: "Blocks", "blocked-by": "Blocked by", relates: "Relates to", duplicates: "Duplicates", "duplicated-by": "Duplicated by" };

/** @type {Record<string, string>} */
const FIELDS = {
  title: "Title", description: "Description", status: "Status", priority: "Priority", labels: "Labels", assignees: "Assignees", start: "Start", due: "Due",
  estimate_minutes: "Estimate", project: "Project", section: "Section", parent: "Parent", order: "Place in the list", checklist: "Checklist", links: "Links",
  comments: "Comment", reminders: "Reminder", trashed: "Trash", series: "Repeat", postponed: "Put off",
};

/** @param {string} field */
export function fieldName(field) {
  const [name] = field.split("/");
  return FIELDS[name] ?? capital(name.replaceAll("_", " "));
}

/** The minutes of a text such as `90`, `1h 30`, `2 days`; null for none, NaN if it cannot be read. @param {string} text */
export function readMinutes(text) {
  const words = text.trim().toLowerCase().replace(",", ".");
  if (!words) return null;
  const clock = /^(\d{1,4}):(\d{2})$/.exec(words);
  if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  const size = (/** @type {string} */ unit) => (/^d/.test(unit) ? 1440 : /^h/.test(unit) ? 60 : 1);
  let [total, rest, last] = [0, words, ""];
  while (rest) {
    const match = /^(\d+(?:\.\d+)?)\s*(d|days?|h|hours?|hrs?|m|min|mins|minutes?)?\s*/.exec(rest);
    if (!match) return Number.NaN;
    const unit = match[2] ?? "m";
    total += Number(match[1]) * size(unit);
    rest = rest.slice(match[0].length);
    last = unit;
  }
  return last ? Math.round(total) : null;
}

/** A date or time in full, with its zone where that is another one. @param {any} when */
export function sayMoment(when) {
  if (!when) return "";
  if (when.date) return sayFullDay(when.date);
  const zone = when.zone && when.zone !== HERE ? ` (${when.local.slice(11, 16)} in ${when.zone})` : "";
  return `${sayWhen(when)}${zone}`;
}

/** A value of a field in words; blank for none. @param {App} app @param {string} field @param {any} value @returns {string} */
export function sayValue(app, field, value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return "";
  const { store } = app;
  const [name] = field.split("/");
  switch (name) {
    case "status": return STATUS[value] ?? String(value);
    case "priority": return PRIORITY[value] ?? String(value);
    case "due":
    case "start": return sayMoment(value);
    case "estimate_minutes": return sayMinutes(value);
    case "project": return store.project(value)?.name ?? "a project that is gone";
    case "section": return store.projects.flatMap((one) => one.sections).find((one) => one.id === value)?.name ?? "a section that is gone";
    case "parent": return store.task(value)?.title ?? "another task";
    case "checklist": return value.title ?? "";
    case "trashed": return value ? "In the trash" : "Not in the trash";
    case "series": return typeof value === "string" ? (store.series(value)?.description ?? "a series") : JSON.stringify(value);
    case "reminders": return typeof value === "string" ? (/^\d{4}-/.test(value) ? sayInstant(value) : value) : capital(sayTrigger(value.trigger));
    default: break;
  }
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") return value.date ?? value.local?.replace("T", " ") ?? JSON.stringify(value);
  return String(value);
}

/** Two texts as one, with what went and what came marked. @param {string} before @param {string} after */
export function differences(before, after) {
  return h("p", { class: "differences" }, diff(before, after).map((piece) =>
    piece.kind === "same" ? shortened(piece.text)
      : h(piece.kind === "gone" ? "del" : "ins", null, piece.text)));
}

/** Characters of what stayed the same that are shown at each side of a change. */
const CONTEXT = 160;

/** @param {string} text */
function shortened(text) {
  return text.length > 2 * CONTEXT + 20 ? `${text.slice(0, CONTEXT)} … ${text.slice(-CONTEXT)}` : text;
}

/** One change, before and after. @param {App} app @param {{field: string, before: any, after: any}} change @returns {Content} */
export function sayChange(app, change) {
  const [name, of] = change.field.split("/");
  const { before, after } = change;
  if (name === "labels" || name === "assignees") {
    if (of) return h("span", { class: `chip ${after ? "came" : "went"}` }, after ? "+ " : "− ", of);
    return setChange(before ?? [], after ?? []);
  }
  if (name === "links") {
    const other = app.store.task(change.field.split("/")[2]);
    return h("span", null, `${LINKS[of] ?? of} `, h("span", { class: `chip ${after ? "came" : "went"}` }, other?.title ?? "another task"));
  }
  if (name === "checklist" && before && after) {
    const ticked = before.done === after.done ? null : h("span", { class: "chip" }, after.done ? "ticked" : "not ticked any more");
    return h("span", null, before.title === after.title ? `${after.title} ` : differences(before.title, after.title), ticked);
  }
  const texts = name === "title" || name === "description" || (name === "comments" && typeof (before ?? after) === "string");
  if (texts) return differences(before ?? "", after ?? "");
  const [old, fresh] = [sayValue(app, change.field, before), sayValue(app, change.field, after)];
  return h("span", { class: "before-after" },
    old ? h("del", null, old) : null, old && fresh ? h("span", { class: "arrow" }, " → ") : null,
    fresh ? h("ins", null, fresh) : old ? null : "none");
}

/** @param {string[]} before @param {string[]} after */
function setChange(before, after) {
  return [
    ...after.filter((one) => !before.includes(one)).map((one) => h("span", { class: "chip came", key: `+${one}` }, `+ ${one}`)),
    ...before.filter((one) => !after.includes(one)).map((one) => h("span", { class: "chip went", key: `-${one}` }, `− ${one}`)),
  ];
}

/** What happened, as a short sentence without who. @type {Record<string, string>} */
const HAPPENED = {
  TaskCreated: "made this task", TaskMoved: "moved it", TaskStarted: "started it", TaskCompleted: "completed it", TaskCancelled: "cancelled it",
  TaskSkipped: "skipped it", TaskMissed: "let it pass", TaskReopened: "opened it again", TaskPostponed: "put it off", TaskTrashed: "moved it to the trash",
  TaskRestored: "took it out of the trash", TaskLabelled: "changed the labels", TaskAssigned: "changed who does it", TaskSeriesChanged: "changed how it repeats",
  ChecklistItemAdded: "added to the checklist", ChecklistItemEdited: "changed the checklist", ChecklistItemRemoved: "took something off the checklist",
  LinkAdded: "linked it", LinkRemoved: "took a link away", CommentAdded: "commented", CommentEdited: "changed a comment", CommentRemoved: "deleted a comment",
  ReminderAdded: "set a reminder", ReminderRemoved: "removed a reminder", ReminderFired: "a reminder came", ReminderSnoozed: "snoozed a reminder",
  ReminderAcknowledged: "saw to a reminder", ReminderRescheduled: "a reminder moved along", ReminderCancelled: "a reminder was called off",
  ReminderExpired: "a reminder was too late", ReminderRestored: "brought a reminder back", ReminderReturned: "a reminder waits again",
  ReminderDelivered: "a reminder was delivered", DeliveryFailed: "a reminder could not be delivered",
};

/** @param {string} type @param {{field: string}[]} changes */
export function happened(type, changes) {
  if (type !== "TaskEdited") return HAPPENED[type] ?? type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const names = changes.map((one) => fieldName(one.field).toLowerCase());
  const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "it");
  return `changed the ${list}`;
}

/** What the creation of a task need not say. */
const UNSAID = new Set(["order", "occurs", "template", "series"]);

/** The changes of an entry that are worth showing. @param {Entry} entry */
export function shownChanges(entry) {
  if (entry.type === "TaskMoved" && entry.changes.length > 1) return entry.changes.filter((one) => one.field !== "order");
  if (entry.type !== "TaskCreated") return entry.changes.filter((one) => one.field !== "order" || entry.changes.length > 1);
  return entry.changes.filter(({ field, after }) => {
    const none = after === null || after === "" || after === false || (Array.isArray(after) && !after.length);
    return !none && !UNSAID.has(field) && !(field === "status" && after === "open") && !(field === "priority" && after === "none");
  });
}

/** Events that stand in the way of something, as a list. @param {App} app @param {readonly import("../model/types.js").Event[]} events */
export function inTheWay(app, events) {
  return h("ul", { class: "in-the-way" }, events.slice(0, 8).map((event) =>
    h("li", { key: event.position }, h("strong", null, who(event.actor)), ` ${happened(event.type, Object.keys(event.data?.after ?? {}).map((field) => ({ field })))}`, h("span", { class: "hint" }, ` (${sayInstant(event.at)})`))));
}
