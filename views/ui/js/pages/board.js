/** The board of a project: its sections as columns, or, without sections, what is open, under way and done. */

import { h } from "../lib/dom.js";
import { isOpen, reach } from "../model/status.js";
import { byOrder } from "../model/order.js";
import { dragging } from "../parts/drag.js";
import { avatar } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { check, dueChip, labelChips } from "../parts/task-row.js";
import { projectHead } from "./lists.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Project} Project */
/** @typedef {{id: string, name: string, tasks: Task[], place?: Record<string, any>, drop: (task: Task) => void, between: (task: Task, other: Task, after: boolean) => void}} Column */

/** Cards of a column that are shown at most; more are to be found in the list. */
const CARDS = 200;

const STATES = /** @type {const} */ ([["open", "To do"], ["in-progress", "In progress"], ["done", "Done"]]);

/** @param {App} app @param {Project} project @returns {Column[]} */
function columns(app, project) {
  const tasks = app.store.inProject(project.id);
  if (!project.sections.length || app.route.query.get("by") === "status") {
    return STATES.map(([status, name]) => ({
      id: status, name, tasks: tasks.filter((task) => task.status === status).sort(byOrder), place: status === "open" ? { project: project.id } : undefined,
      drop: (task) => {
        if (task.status !== status) reach(app, task, status, `“${task.title}”: ${name.toLowerCase()}`);
      },
      between(task, other, after) {
        this.drop(task);
        void app.send({ type: "MoveTask", task: task.id, [after ? "after" : "before"]: other.id });
      },
    }));
  }
  const known = new Set(project.sections.map((one) => one.id));
  const open = tasks.filter(isOpen);
  const loose = open.some((task) => !task.section || !known.has(task.section));
  return [...(loose ? [{ id: "", name: "No section" }] : []), ...project.sections].map(({ id, name }) => ({
    id: id || "none", name, place: { project: project.id, section: id || null }, tasks: open.filter((task) => (id ? task.section === id : !task.section || !known.has(task.section))),
    drop: (task) => void (task.section === (id || null) ? null : app.send({ type: "MoveTask", task: task.id, section: id || null }, { said: `Moved “${task.title}” to ${name}` })),
    between: (task, other, after) => {
      const moved = task.section === (id || null) ? {} : { section: id || null };
      void app.send({ type: "MoveTask", task: task.id, ...moved, [after ? "after" : "before"]: other.id }, "section" in moved ? { said: `Moved “${task.title}” to ${name}` } : {});
    },
  }));
}

/** @param {App} app @param {Project} project */
export function board(app, project) {
  const found = app.store.keep(`board ${project.id} ${app.route.query.get("by")}`, () => columns(app, project));
  const ids = found.flatMap((column) => column.tasks.map((task) => task.id));
  app.list = {
    step(by) {
      const at = app.cursor ? ids.indexOf(app.cursor) : -1;
      app.cursor = ids[Math.max(0, Math.min(ids.length - 1, at + by))] ?? null;
      app.tell();
      if (app.cursor) document.getElementById(`task-${app.cursor}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    },
    all() {},
    range() {},
    shift(by) {
      const task = app.store.task(app.cursor);
      const at = found.findIndex((column) => column.tasks.some((one) => one.id === app.cursor));
      if (task && found[at + by]) found[at + by].drop(task);
    },
  };
  return [
    projectHead(app, project),
    h("div", { class: "board", key: `board ${project.id}`, role: "group", "aria-label": `Board of ${project.name}`, hook: (/** @type {HTMLElement} */ element) => draggable(app, element, project) },
      found.map((column) => h("section", { class: "column", key: column.id, "data-column": column.id, "aria-label": column.name },
        h("header", { class: "column-head" }, h("h2", null, column.name), h("span", { class: "count" }, String(column.tasks.length))),
        h("div", { class: "cards" },
          column.tasks.slice(0, CARDS).map((task) => card(app, task)),
          column.tasks.length > CARDS ? h("p", { class: "hint" }, `${column.tasks.length - CARDS} more are in the list.`) : null,
          column.tasks.length ? null : h("p", { class: "column-empty" }, "Drag tasks here"),
          app.may("editor") && column.place ? h("button", { type: "button", class: "card-add", key: "add", onclick: () => app.openDialog("add", { place: column.place }) }, icon("plus"), "Add a task") : null))),
      app.may("editor") ? h("button", { type: "button", class: "column-add", key: "add", onclick: () => app.openDialog("section", { project }) }, icon("plus"), "Add a section") : null),
  ];
}

/** @param {App} app @param {Task} task */
function card(app, task) {
  const open = app.route.query.get("task") === task.id;
  return h("article", {
    class: `card${open ? " open" : ""}${app.cursor === task.id ? " cursor" : ""}`, key: task.id, id: `task-${task.id}`, "data-task": task.id, tabIndex: 0,
    "aria-label": task.title,
    onfocus: () => { app.cursor = task.id; },
    onclick: () => { app.cursor = task.id; app.openTask(open ? null : task.id); },
  },
    h("div", { class: "card-head" }, check(app, task), h("span", { class: "title" }, task.title)),
    h("div", { class: "meta" },
      task.priority !== "none" ? h("span", { class: `flag priority-${task.priority}`, title: `Priority ${task.priority}` }, icon("flag")) : null,
      labelChips(task.labels), dueChip(task), task.assignees.length ? h("span", { class: "grow" }) : null, task.assignees.slice(0, 3).map((user) => avatar(user))));
}

/** Where a card would be put is shown by a line. @param {App} app @param {HTMLElement} element @param {Project} project */
function draggable(app, element, project) {
  const at = (/** @type {number} */ y, /** @type {number} */ x) => {
    const column = /** @type {HTMLElement | null} */ ([...element.querySelectorAll(".column")].find((one) => {
      const box = one.getBoundingClientRect();
      return x >= box.left && x <= box.right;
    }) ?? null);
    const cards = /** @type {HTMLElement[]} */ ([...(column?.querySelectorAll(".card:not(.dragged)") ?? [])]);
    const before = cards.find((one) => y < one.getBoundingClientRect().top + one.offsetHeight / 2);
    return { column, before, last: cards.at(-1) };
  };
  const clear = () => element.querySelectorAll(".drop-here, .drop-before").forEach((one) => one.classList.remove("drop-here", "drop-before"));
  dragging(element, {
    handle: ".card",
    start: (one) => (app.may("editor") ? (one.dataset.task ?? null) : null),
    over(_, y, x) {
      clear();
      const { column, before } = at(y, x);
      (before ?? column?.querySelector(".cards"))?.classList.add(before ? "drop-before" : "drop-here");
    },
    end: clear,
    drop(id, y, x) {
      const { column, before, last } = at(y, x);
      const shown = app.store.project(project.id);
      const task = app.store.task(id);
      const target = shown && columns(app, shown).find((one) => one.id === column?.dataset.column);
      if (!task || !target) return;
      const other = app.store.task((before ?? last)?.dataset.task);
      if (other && other.id !== id) target.between(task, other, !before);
      else target.drop(task);
    },
  });
}
