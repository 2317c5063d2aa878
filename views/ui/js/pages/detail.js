/** A task beside the list: everything that it has, each part to be changed where it stands. */

import { h } from "../lib/dom.js";
import { icon } from "../parts/icon.js";
import { check } from "../parts/task-row.js";
import { trouble } from "../dialogs/outbox.js";
import { PARTS } from "./detail-parts.js";

/** @typedef {import("../app.js").App} App */

/** @param {App} app */
export function detail(app) {
  const id = app.route.query.get("task");
  if (!id) return null;
  const task = app.store.task(id);
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close the task", title: "Close (Esc)", onclick: () => app.openTask(null) }, icon("close"));
  if (!task) {
    return h("aside", { class: "detail", key: "detail", "aria-label": "Task" }, h("div", { class: "detail-head" }, h("span", { class: "grow" }), close), h("p", { class: "hint pad" }, "There is no such task in this workspace."));
  }
  const troubles = app.store.waitingFor(id).filter((one) => one.state === "refused" || one.state === "conflict");
  return h("aside", { class: "detail", key: "detail", "aria-label": `Task ${task.title}` },
    h("div", { class: "detail-head" }, check(app, task), h("span", { class: "grow" }), close),
    troubles.map((one) => trouble(app, one)),
    h("div", { class: "detail-body", key: id }, PARTS.map((part) => part(app, task))),
  );
}
