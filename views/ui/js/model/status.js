/** What becomes of a task. */

import { uuid } from "../lib/ids.js";

/** @typedef {import("./types.js").Task} Task */

/** The command that brings a task to a status. @type {Record<string, string>} */
const REACHED_BY = { open: "ReopenTask", "in-progress": "StartTask", done: "CompleteTask", cancelled: "CancelTask", skipped: "SkipTask" };

/** True for a task that is still to be done. @param {Task} task */
export function isOpen(task) {
  return task.status === "open" || task.status === "in-progress";
}

/** Brings a task to a status, by way of others where it must. @param {import("../app.js").App} app @param {Task} task @param {string} status @param {string} said */
export function reach(app, task, status, said) {
  if (status === "open" && isOpen(task)) return void app.edit(task, { status }, said);
  const batch = uuid();
  if (status === "in-progress" && !isOpen(task)) void app.send({ type: "ReopenTask", task: task.id }, { batch });
  void app.send({ type: REACHED_BY[status], task: task.id }, { said, batch });
}
