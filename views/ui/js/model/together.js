/** What is done to several tasks at once: it is said once, and undone together. */

import { uuid } from "../lib/ids.js";
import { isOpen } from "./status.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./types.js").Task} Task */
/** @typedef {import("./types.js").Command} Command */

/** Sends a command for each. @param {App} app @param {readonly Task[]} tasks @param {(task: Task) => Command} commandOf @param {string} said */
export function sendAll(app, tasks, commandOf, said) {
  const batch = uuid();
  tasks.forEach((task, index) => void app.send(commandOf(task), { batch, said: index === tasks.length - 1 ? said : undefined }));
}

/** Changes fields of each. @param {App} app @param {readonly Task[]} tasks @param {Record<string, any>} fields @param {string} said */
export function editAll(app, tasks, fields, said) {
  const batch = uuid();
  const many = tasks.length > 1 ? `${tasks.length} tasks: ${said}` : said;
  tasks.forEach((task, index) => void app.edit(task, fields, index === tasks.length - 1 ? many : undefined, batch));
}

/** Ticks them off, or opens them again if all of them are done. @param {App} app @param {readonly Task[]} tasks */
export function toggleDone(app, tasks) {
  const open = tasks.filter(isOpen);
  if (open.length) sendAll(app, open, (task) => ({ type: "CompleteTask", task: task.id }), `Completed ${called(open)}`);
  else sendAll(app, tasks, (task) => ({ type: "ReopenTask", task: task.id }), `Reopened ${called(tasks)}`);
}

/** Moves them to the trash; nothing is selected any more. @param {App} app @param {readonly Task[]} tasks */
export function trashAll(app, tasks) {
  sendAll(app, tasks, (task) => ({ type: "TrashTask", task: task.id }), `Moved ${called(tasks)} to the trash`);
  app.selected.clear();
  app.tell();
}

/** @param {readonly Task[]} tasks */
function called(tasks) {
  return tasks.length > 1 ? `${tasks.length} tasks` : `“${tasks[0]?.title}”`;
}
