/** What was changed of a task, shown: texts with what went and what came, values before and after, and what happened in a few words. */

import { h } from "../lib/dom.js";
import { diff } from "../lib/diff.js";
import { sayInstant } from "../lib/time.js";
import { who } from "../model/saying.js";
import { LINKS, fieldName, sayValue } from "../model/values.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../lib/dom.js").Content} Content */
/** @typedef {import("../model/types.js").Entry} Entry */

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
