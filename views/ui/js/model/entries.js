/** Entries of the audit: which icon goes with one, and whether it can be undone. What they say is in `sentences.js`. */

import { CLOCK } from "./saying.js";

/** @typedef {import("./types.js").Entry} Entry */

/** The name of the icon that goes with an entry. @param {Entry} entry */
export function drawingOf(entry) {
  const { type } = entry;
  if (entry.undoes) return "undo";
  if (type === "TaskCreated" || type === "ProjectCreated" || type === "WorkspaceCreated") return "plus";
  if (type === "TaskCompleted" || type.startsWith("Checklist")) return "check";
  if (type.endsWith("Trashed") || type.endsWith("Removed")) return "trash";
  if (type.endsWith("Restored") || type === "TaskReopened") return "undo";
  if (type === "TaskMoved" || type.startsWith("Section")) return "move";
  if (type.startsWith("Comment")) return "comment";
  if (type.startsWith("Reminder") || type.startsWith("Delivery") || type.startsWith("Preferences") || type.startsWith("Channel")) return "bell";
  if (type.startsWith("Series") || type === "OccurrenceChanged" || type === "TaskSeriesChanged") return "repeat";
  if (type.startsWith("Member") || type === "TaskAssigned") return "user";
  if (type === "TaskLabelled") return "tag";
  if (type.startsWith("Link")) return "link";
  if (type.startsWith("Filter")) return "filter";
  if (type === "TaskPostponed" || entry.changes.some((one) => one.field === "due" || one.field === "start")) return "today";
  if (entry.changes.some((one) => one.field === "priority")) return "flag";
  if (type === "TaskStarted") return "play";
  return "list";
}

/** True if undo of an entry's command can be thought of: what the clock did, and what tells of deliveries, is not undone. @param {Entry} entry */
export function undoable(entry) {
  return entry.actor !== CLOCK && entry.type !== "WorkspaceCreated" && entry.type !== "CalendarTokenRenewed" && !entry.type.startsWith("Delivery") && entry.type !== "ReminderDelivered";
}
