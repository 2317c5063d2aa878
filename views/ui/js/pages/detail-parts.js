/** The parts of a task's view, in order. */

import { h } from "../lib/dom.js";
import { HERE } from "../lib/time.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** A text that is changed when it is left, or by Enter; what is typed is told to others. @param {App} app @param {Task} task @param {"title" | "description"} field @param {Record<string, any>} props */
function text(app, task, field, props) {
  const element = field === "title" ? "textarea" : "textarea";
  const commit = (/** @type {Event} */ event) => {
    const value = /** @type {HTMLTextAreaElement} */ (event.target).value.trim();
    app.presence.writing(task.id, null);
    if (value === task[field] || (field === "title" && !value)) return;
    void app.edit(task, { [field]: value }, field === "title" ? "Changed the title" : "Changed the description");
  };
  return h(element, {
    ...props, key: `${task.id} ${field}`, value: task[field], readOnly: !app.may("editor"), onblur: commit,
    oninput: (/** @type {Event} */ event) => app.presence.writing(task.id, field, /** @type {HTMLTextAreaElement} */ (event.target).value),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (field === "title" && event.key === "Enter") {
        event.preventDefault();
        /** @type {HTMLElement} */ (event.target).blur();
      }
    },
  });
}

/** @type {((app: App, task: Task) => import("../lib/dom.js").Content)[]} */
export const PARTS = [
  (app, task) => text(app, task, "title", { class: "detail-title", rows: 1, "aria-label": "Title" }),
  (app, task) => text(app, task, "description", { class: "field description", rows: 4, "aria-label": "Description", placeholder: "Notes, in Markdown" }),
  (app, task) => h("p", { class: "hint" }, `Zone: ${HERE}. Version ${task.version}.`),
];
