/** The subtasks of a task: to add, complete, open and put in order. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { pressed } from "../lib/keys.js";
import { isOpen } from "../model/status.js";
import { dragging } from "../parts/drag.js";
import { avatar } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { check, dueChip } from "../parts/task-row.js";
import { openFromHere, partHead } from "./part.js";
import { writing } from "./writing.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** @param {App} app @param {Task} task */
export function subtasks(app, task) {
  const all = app.store.subtasks(task.id);
  const done = all.filter((one) => !isOpen(one)).length;
  if (!all.length && !app.may("editor")) return null;
  return h("section", { class: "detail-part", key: "subtasks", "aria-label": "Subtasks" },
    partHead("Subtasks", all.length ? `${done}/${all.length}` : ""),
    h("ul", {
      class: "lines", hook: (/** @type {HTMLElement} */ list) => dragging(list, {
        handle: ".line", start: (row) => (app.may("editor") ? (row.dataset.subtask ?? null) : null), drop: (id, y) => dropped(app, list, id, y), scroller: () => list.closest(".detail-body"),
      }),
    }, all.map((one) => subtask(app, task, one))),
    app.may("editor") && !app.store.inTrash(task) ? writing({
      app, task: task.id, name: "new-subtask", value: "", label: "Add a subtask", placeholder: "Add a subtask", shape: "new", enter: true, rows: 1, may: true, required: true, max: 500,
      save: (title) => void app.send({ type: "CreateTask", task: uuid(), title: title.trim(), parent: task.id }),
    }) : null);
}

/** @param {App} app @param {Task} task @param {Task} one */
function subtask(app, task, one) {
  const inner = app.store.subtasks(one.id).length;
  return h("li", {
    key: one.id, class: `line${isOpen(one) ? "" : " closed"}`, "data-subtask": one.id,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const by = { "Alt+ArrowUp": -1, "Alt+ArrowDown": 1 }[pressed(event)];
      if (!by || !app.may("editor")) return;
      event.preventDefault();
      const siblings = app.store.subtasks(task.id);
      const other = siblings[siblings.findIndex((each) => each.id === one.id) + by];
      if (other) void app.send({ type: "MoveTask", task: one.id, [by > 0 ? "after" : "before"]: other.id });
    },
  },
    h("span", { class: "line-grip", "aria-hidden": "true" }, icon("grip")),
    h("span", { class: "line-check" }, check(app, one)),
    h("button", { type: "button", class: "line-title", title: "Open (Alt+arrows move it)", onclick: () => openFromHere(app, one.id) }, one.title),
    inner ? h("span", { class: "chip quiet" }, icon("subtask"), String(inner)) : null,
    dueChip(one), one.assignees.slice(0, 2).map((user) => avatar(user)));
}

/** @param {App} app @param {HTMLElement} list @param {string} id @param {number} y */
function dropped(app, list, id, y) {
  const rows = /** @type {HTMLElement[]} */ ([...list.children]).filter((row) => row.dataset.subtask !== id);
  const next = rows.find((row) => y < row.getBoundingClientRect().top + row.offsetHeight / 2);
  const last = rows.at(-1);
  if (next) void app.send({ type: "MoveTask", task: id, before: next.dataset.subtask });
  else if (last) void app.send({ type: "MoveTask", task: id, after: last.dataset.subtask });
}
