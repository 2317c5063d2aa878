/** The title and the description. */

import { h } from "../lib/dom.js";
import { writing } from "./writing.js";
import { troublesOf } from "./troubles.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** Who changed a field of a task last, as far as this page has seen it. @param {App} app @param {string} task @param {string} field */
export function changedBy(app, task, field) {
  return app.recent.findLast((event) => event.task === task && event.data?.after && field in event.data.after)?.actor;
}

/** @param {App} app @param {Task} task @param {"title" | "description"} field */
function saver(app, task, field) {
  const said = field === "title" ? "Changed the title" : "Changed the description";
  return (/** @type {string} */ text, /** @type {string} */ base) => void app.send({ type: "EditTask", task: task.id, [field]: text }, { said, base: { [field]: base } });
}

/** @param {App} app @param {Task} task */
export function title(app, task) {
  return h("div", { class: "detail-part", key: "title" },
    writing({
      app, task: task.id, name: "title", value: task.title, label: "Title", shape: "title", may: app.may("editor"), required: true, max: 500,
      changedBy: () => changedBy(app, task.id, "title"), save: saver(app, task, "title"),
    }),
    troublesOf(app, task.id, "title"));
}

/** @param {App} app @param {Task} task */
export function description(app, task) {
  return h("div", { class: "detail-part", key: "description" },
    writing({
      app, task: task.id, name: "description", value: task.description, label: "Description", shape: "text", may: app.may("editor"), rows: 5,
      placeholder: "Add a description", changedBy: () => changedBy(app, task.id, "description"), save: saver(app, task, "description"),
    }),
    troublesOf(app, task.id, "description"));
}
