/**
 * A list of tasks in groups: with a cursor that keys move, a selection, and places between rows to drag to.
 *
 * A group has a heading or not, its tasks, and, where it is a place of its own, `place`: what dragging into it means.
 */

import { h } from "../lib/dom.js";
import { phone } from "../lib/screens.js";
import { isOpen } from "../model/status.js";
import { dragging } from "./drag.js";
import { taskRow } from "./task-row.js";
import "./virtual-list.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {{project?: string | null, section?: string | null, due?: string}} Place */
/** @typedef {{id: string, name?: string, tasks: readonly Task[], place?: Place, tone?: string, actions?: import("../lib/dom.js").Content}} Group */
/** @typedef {{kind: "head", group: Group} | {kind: "task", task: Task, group: Group, depth: number, index: number}} Item */
/** @typedef {{step: (by: number) => void, all: () => void, range: (from: string, to: string) => void, shift: (by: number) => void, turn?: (by: number) => void, look?: () => void}} Cursor */

/** True where the person wants more tasks at a time. */
const compact = () => document.documentElement.dataset.density === "compact";

/** Groups as rows; subtasks follow their parents where the list shows a place. @param {App} app @param {readonly Group[]} groups @param {boolean} nested @returns {Item[]} */
function flat(app, groups, nested) {
  /** @type {Item[]} */
  const items = [];
  for (const group of groups) {
    if (group.name) items.push({ kind: "head", group });
    let index = 0;
    const add = (/** @type {Task} */ task, /** @type {number} */ depth) => {
      items.push({ kind: "task", task, group, depth, index: index++ });
      if (nested && depth < 6) for (const one of app.store.subtasks(task.id)) if (isOpen(one)) add(one, depth + 1);
    };
    for (const task of group.tasks) add(task, 0);
  }
  return items;
}

/**
 * @param {App} app @param {readonly Group[]} groups
 * @param {{label: string, place?: boolean, nested?: boolean, sortable?: boolean, version?: string | number}} options `place` shows where
 * tasks are; `version` differs whenever the groups do for another reason than a change of the store
 */
export function taskList(app, groups, { label, place = false, nested = false, sortable = false, version = "" }) {
  const items = app.store.keep(`list ${label} ${version}`, () => flat(app, groups, nested));
  app.list = cursorOf(app, items);
  return h("virtual-list", {
    key: label, class: `task-list${sortable ? " sortable" : ""}`, role: "grid", tabIndex: 0, "aria-label": label, "aria-multiselectable": "true",
    "aria-activedescendant": app.cursor ? `task-${app.cursor}` : undefined,
    given: {
      items,
      size: (/** @type {Item} */ item) => (item.kind === "head" ? 44 : phone.matches ? (compact() ? 52 : 60) : compact() ? 32 : 42),
      name: (/** @type {Item} */ item) => (item.kind === "head" ? `head ${item.group.id}` : `${item.group.id} ${item.task.id}`),
      row: (/** @type {Item} */ item) =>
        item.kind === "head" ? heading(item.group) : taskRow(app, item.task, { place, depth: item.depth, index: item.index }),
    },
    hook: (/** @type {any} */ list) => {
      phone.addEventListener("change", () => list.remeasure());
      if (sortable) dragging(list, { handle: ".task-row", start: (row) => row.dataset.task ?? null, drop: (id, y) => dropped(app, list, id, y) });
    },
  });
}

/** @param {Group} group */
function heading(group) {
  return h("div", { class: "group-row", role: "row" }, h("div", { class: `group-head ${group.tone ?? ""}`, role: "gridcell" },
    h("h2", null, group.name), group.tasks.length ? h("span", { class: "count" }, String(group.tasks.length)) : null, h("span", { class: "grow" }), group.actions));
}

/** @param {App} app @param {Item[]} items @returns {Cursor} */
function cursorOf(app, items) {
  const ids = items.filter((item) => item.kind === "task").map((item) => item.task.id);
  const list = () => /** @type {any} */ (document.querySelector("virtual-list.task-list"));
  return {
    step(by) {
      const at = app.cursor ? ids.indexOf(app.cursor) : -1;
      const next = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.max(0, Math.min(ids.length - 1, at + by))];
      if (!next) return;
      app.cursor = next;
      list()?.focus({ preventScroll: true });
      list()?.show(items.findIndex((item) => item.kind === "task" && item.task.id === next));
      if (app.route.query.get("task")) app.openTask(next);
      app.tell();
    },
    all() {
      app.selected = new Set(app.selected.size === ids.length ? [] : ids);
      app.tell();
    },
    range(from, to) {
      const [first, last] = [ids.indexOf(from), ids.indexOf(to)].sort((one, other) => one - other);
      for (const id of ids.slice(Math.max(0, first), last + 1)) app.selected.add(id);
    },
    shift(by) {
      const at = items.findIndex((item) => item.kind === "task" && item.task.id === app.cursor);
      const item = items[at];
      const other = items[at + by];
      if (item?.kind !== "task" || !other || item.group.place === undefined) return;
      if (other.kind === "task") void app.send({ type: "MoveTask", task: item.task.id, ...moved(item.task, other.group.place), [by > 0 ? "after" : "before"]: other.task.id });
      else if (other.group.place && by > 0) void app.send({ type: "MoveTask", task: item.task.id, ...moved(item.task, other.group.place), before: other.group.tasks[0]?.id });
    },
  };
}

/** What changes of a task's place. @param {Task} task @param {Place | undefined} place */
function moved(task, place) {
  /** @type {Record<string, any>} */
  const changes = {};
  if (place?.project !== undefined && place.project !== task.project) changes.project = place.project;
  if (place?.section !== undefined && (place.section !== task.section || "project" in changes)) changes.section = place.section;
  return changes;
}

/** @param {App} app @param {any} list @param {string} id @param {number} y */
function dropped(app, list, id, y) {
  const task = app.store.task(id);
  const { index, after } = list.indexAt(y);
  const item = /** @type {Item | undefined} */ (list.given.items[index]);
  if (!task || !item || (item.kind === "task" && item.task.id === id)) return;
  const place = item.group.place;
  if (place?.due !== undefined) {
    if (place.due) void app.edit(task, { due: { date: place.due } }, `“${task.title}” is due ${place.due}`);
    return;
  }
  if (item.kind === "head") void app.send({ type: "MoveTask", task: id, ...moved(task, place), before: item.group.tasks.find((one) => one.id !== id)?.id });
  else void app.send({ type: "MoveTask", task: id, ...moved(task, place), [after ? "after" : "before"]: item.task.id });
}
