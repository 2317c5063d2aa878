/** When a task was made, changed and completed, and by whom. */

import { h } from "../lib/dom.js";
import { sayAgo, sayInstant } from "../lib/time.js";
import { reading } from "./reading.js";
import { who } from "../model/saying.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** The person who did something to it last, as far as is known. @param {App} app @param {string} task @param {(type: string) => boolean} wanted */
function by(app, task, wanted) {
  const live = app.recent.findLast((event) => event.task === task && wanted(event.type));
  const found = live ?? reading(app, task).entries.find((entry) => entry.task === task && wanted(entry.type));
  return found ? ` by ${who(found.actor)}` : "";
}

/** @param {App} app @param {Task} task */
export function made(app, task) {
  const line = (/** @type {string} */ what, /** @type {string} */ at, /** @type {string} */ whom) => h("li", { key: what }, `${what} `, h("time", { dateTime: at, title: sayInstant(at) }, sayAgo(at)), whom);
  return h("ul", { class: "made hint", key: "made" },
    line("Made", task.created_at, task.created_by ? ` by ${task.created_by}` : ""),
    task.updated_at !== task.created_at ? line("Changed", task.updated_at, by(app, task.id, (type) => !/^Reminder|^Comment|^Deliver/.test(type))) : null,
    task.completed_at ? line(task.status === "done" ? "Completed" : "Closed", task.completed_at, by(app, task.id, (type) => /^Task(Completed|Cancelled|Skipped|Missed)$/.test(type))) : null);
}
