/** Fields of a task and their values as they stand beside each other: Due, Friday. Within sentences see `sentences.js`. */

import { HERE, sayFullDay, sayInstant, sayWhen } from "../lib/time.js";
import { capital, sayMinutes, sayTrigger } from "./saying.js";

/** @typedef {import("../app.js").App} App */

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
