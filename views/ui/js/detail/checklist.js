/** The checklist of a task: small steps that need no task of their own. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { icon } from "../parts/icon.js";
import { partHead } from "./part.js";
import { troublesOf } from "./troubles.js";
import { writing } from "./writing.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** @param {App} app @param {Task} task */
export function checklist(app, task) {
  const done = task.checklist.filter((one) => one.done).length;
  if (!task.checklist.length && !app.may("editor")) return null;
  return h("section", { class: "detail-part", key: "checklist", "aria-label": "Checklist" },
    partHead("Checklist", task.checklist.length ? `${done}/${task.checklist.length}` : ""),
    task.checklist.length ? h("progress", { class: "progress", max: task.checklist.length, value: done, "aria-label": "Checklist" }) : null,
    h("ul", { class: "lines" }, task.checklist.map((one) => item(app, task, one))),
    app.may("editor") && task.checklist.length < 200 ? writing({
      app, task: task.id, name: "new-item", value: "", label: "Add to the checklist", placeholder: "Add to the checklist", shape: "new", enter: true, rows: 1, may: true, required: true, max: 500,
      save: (text) => {
        for (const title of text.split("\n").map((line) => line.trim()).filter(Boolean)) void app.send({ type: "AddChecklistItem", task: task.id, item: uuid(), title });
      },
    }) : null,
    troublesOf(app, task.id, "checklist"));
}

/** @param {App} app @param {Task} task @param {import("../model/types.js").ChecklistItem} one */
function item(app, task, one) {
  const may = app.may("editor");
  return h("li", { key: one.id, class: `line${one.done ? " closed" : ""}` },
    h("input", {
      type: "checkbox", class: "tick", checked: one.done, disabled: !may, "aria-label": one.title,
      onchange: (/** @type {Event} */ event) => void app.send({ type: "EditChecklistItem", task: task.id, item: one.id, done: /** @type {HTMLInputElement} */ (event.target).checked }),
    }),
    writing({
      app, task: task.id, name: `c/${one.id}`, value: one.title, label: `Item ${one.title}`, shape: "line", may, required: true, max: 500,
      save: (title) => void app.send({ type: "EditChecklistItem", task: task.id, item: one.id, title }),
    }, one.id),
    may ? h("button", { type: "button", class: "icon-button small", "aria-label": `Remove ${one.title}`, title: "Remove", onclick: () => void app.send({ type: "RemoveChecklistItem", task: task.id, item: one.id }, { said: `Removed “${one.title}”` }) }, icon("close")) : null);
}
