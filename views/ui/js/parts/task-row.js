/** One task in a list: its check, title and what is worth knowing at a glance. */

import { h } from "../lib/dom.js";
import { dayOf, isPast, sayWhen, today } from "../lib/time.js";
import { isOpen } from "../model/status.js";
import { colourOf } from "../model/presence.js";
import { editAll, toggleDone, trashAll } from "../model/together.js";
import { avatar } from "./avatar.js";
import { icon } from "./icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** The round check of a task, which completes it. @param {App} app @param {Task} task */
export function check(app, task) {
  const open = isOpen(task);
  return h("button", {
    class: `check priority-${task.priority} status-${task.status}`, type: "button", role: "checkbox", tabIndex: -1,
    "aria-checked": String(!open), "aria-label": `${open ? "Complete" : "Reopen"} ${task.title}`, disabled: !app.may("editor"),
    onclick: (/** @type {Event} */ event) => {
      event.stopPropagation();
      toggleDone(app, [task]);
    },
  }, icon("check"));
}

/** When a task is due, coloured by how pressing that is. @param {Task} task */
export function dueChip(task) {
  if (!task.due) return null;
  const day = dayOf(task.due);
  const tone = !isOpen(task) ? "" : isPast(task.due) ? "late" : day === today() ? "now" : "";
  return h("span", { class: `chip due ${tone}` }, task.series ? icon("repeat") : null, sayWhen(task.due), tone === "late" ? h("span", { class: "unseen" }, " (overdue)") : null);
}

/** Labels, as chips. @param {readonly string[]} labels */
export function labelChips(labels) {
  return labels.slice(0, 3).map((label) => h("span", { class: "chip label", key: label }, label)).concat(
    labels.length > 3 ? [h("span", { class: "chip", key: "…" }, `+${labels.length - 3}`)] : [],
  );
}

/**
 * @param {App} app @param {Task} task
 * @param {{place?: boolean, depth?: number, index?: number}} [options] `place` shows its project, `depth` is how deep it is indented
 */
export function taskRow(app, task, { place = false, depth = 0, index = 0 } = {}) {
  const { store } = app;
  const open = app.route.query.get("task") === task.id;
  const project = place ? store.project(store.root(task).project) : undefined;
  const subtasks = store.subtasks(task.id);
  const done = subtasks.filter((one) => !isOpen(one)).length;
  const ticked = task.checklist.filter((one) => one.done).length;
  const troubles = store.waitingFor(task.id).filter((one) => one.state === "refused" || one.state === "conflict");
  const waiting = store.waitingFor(task.id).some((one) => one.state === "waiting" || one.state === "sent");
  const classes = ["task-row", isOpen(task) ? "" : "closed", open ? "open" : "", app.selected.has(task.id) ? "selected" : "", app.cursor === task.id ? "cursor" : "", waiting ? "waiting" : ""];
  return h("div", {
    class: classes.join(" "), role: "row", id: `task-${task.id}`, "data-task": task.id, style: { "--depth": depth },
    "aria-selected": String(app.selected.has(task.id) || app.cursor === task.id), "aria-rowindex": index + 1, "aria-label": task.title,
    onclick: (/** @type {MouseEvent} */ event) => clicked(app, task, event),
  },
    h("span", { class: "grip", "aria-hidden": "true" }, icon("grip")),
    h("span", { role: "gridcell", class: "cell" }, check(app, task)),
    h("span", { class: "title", role: "gridcell" }, task.title || "Untitled"),
    h("span", { class: "meta", role: "gridcell" },
      troubles.length ? h("span", { class: "chip trouble", title: troubles[0].problem?.detail ?? "Somebody else changed this too" }, troubles[0].state === "conflict" ? "Conflict" : "Refused") : null,
      task.status === "in-progress" ? h("span", { class: "chip doing" }, "In progress") : null,
      task.priority !== "none" && isOpen(task) ? h("span", { class: `flag priority-${task.priority}`, title: `Priority ${task.priority}` }, icon("flag"), h("span", { class: "unseen" }, `Priority ${task.priority}`)) : null,
      subtasks.length ? h("span", { class: "chip quiet", title: "Subtasks done" }, icon("subtask"), `${done}/${subtasks.length}`) : null,
      task.checklist.length ? h("span", { class: "chip quiet", title: "Checklist" }, icon("check"), `${ticked}/${task.checklist.length}`) : null,
      task.series && !task.due ? icon("repeat") : null,
      labelChips(task.labels),
      project ? h("span", { class: "chip project" }, h("span", { class: "dot", style: { background: project.colour || "var(--ink-3)" } }), project.name) : null,
      dueChip(task),
      task.assignees.slice(0, 3).map((user) => avatar(user)),
      app.presence.on(task.id).slice(0, 2).map((one) => h("span", { class: `here person-${colourOf(one.user)}`, key: one.client, title: `${one.user} is here` })),
    ),
    h("span", { class: "row-actions", role: "gridcell" },
      app.may("editor") && isOpen(task) ? h("button", { type: "button", class: "icon-button", tabIndex: -1, title: "Due date", "aria-label": `Due date of ${task.title}`, onclick: act(() => app.openDialog("due", [task])) }, icon("today")) : null,
      app.may("editor") ? h("button", { type: "button", class: "icon-button", tabIndex: -1, title: "Move", "aria-label": `Move ${task.title}`, onclick: act(() => app.openDialog("move", [task])) }, icon("move")) : null,
    ),
  );
}

/** @param {() => void} run */
function act(run) {
  return (/** @type {Event} */ event) => {
    event.stopPropagation();
    run();
  };
}

/** @param {App} app @param {Task} task @param {MouseEvent} event */
function clicked(app, task, event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) {
    if (event.shiftKey && app.cursor) app.list?.range(app.cursor, task.id);
    else if (app.selected.has(task.id)) app.selected.delete(task.id);
    else app.selected.add(task.id);
    app.cursor = task.id;
    app.tell();
    return;
  }
  app.cursor = task.id;
  app.openTask(app.route.query.get("task") === task.id ? null : task.id);
}

/** What can be done with all selected tasks. @param {App} app */
export function selectionBar(app) {
  const tasks = /** @type {Task[]} */ ([...app.selected].map((id) => app.store.task(id)).filter(Boolean));
  if (!tasks.length) return null;
  const button = (/** @type {string} */ name, /** @type {string} */ drawn, /** @type {() => void} */ run) => h("button", { type: "button", class: "button", onclick: run, key: name }, icon(drawn), name);
  return h("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected tasks" },
    h("strong", null, `${tasks.length} selected`),
    button("Complete", "check", () => toggleDone(app, tasks)),
    button("Due", "today", () => app.openDialog("due", tasks)),
    button("Move", "move", () => app.openDialog("move", tasks)),
    button("Label", "tag", () => app.openDialog("label", tasks)),
    button("Urgent", "flag", () => editAll(app, tasks, { priority: "urgent" }, "priority urgent")),
    button("Trash", "trash", () => trashAll(app, tasks)),
    h("button", { type: "button", class: "icon-button", "aria-label": "Select none", onclick: () => { app.selected.clear(); app.tell(); } }, icon("close")),
  );
}
