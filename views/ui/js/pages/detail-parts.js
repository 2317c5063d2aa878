/** The parts of a task's view, in order. */

import { checklist } from "../detail/checklist.js";
import { comments } from "../detail/comments.js";
import { fields } from "../detail/fields.js";
import { links } from "../detail/links.js";
import { made } from "../detail/made.js";
import { reminders } from "../detail/reminders.js";
import { subtasks } from "../detail/subtasks.js";
import { description, title } from "../detail/texts.js";
import "../detail/history.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** @type {((app: App, task: Task) => import("../lib/dom.js").Content)[]} */
export const PARTS = [title, fields, description, subtasks, checklist, links, reminders, comments, made];
