/** Links to other tasks, in both directions. */

import { h } from "../lib/dom.js";
import { isOpen } from "../model/status.js";
import { chooser, dialog, dialogHead } from "../parts/dialogs.js";
import { icon } from "../parts/icon.js";
import { openFromHere, partHead } from "./part.js";
import { troublesOf } from "./troubles.js";
import { LINKS } from "../model/values.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** @param {App} app @param {Task} task */
export function links(app, task) {
  const may = app.may("editor");
  const kinds = Object.keys(LINKS).filter((type) => task.links.some((one) => one.type === type));
  const add = may ? h("button", { type: "button", class: "button quiet", onclick: () => app.openDialog("link", { task: task.id, type: "relates" }) }, icon("plus"), "Link a task") : null;
  if (!kinds.length && !may) return null;
  return h("section", { class: "detail-part", key: "links", "aria-label": "Links" },
    partHead("Links", "", add),
    kinds.map((type) => h("div", { key: type, class: "link-kind" }, h("h4", null, LINKS[type]), h("ul", { class: "lines" },
      task.links.filter((one) => one.type === type).map((one) => {
        const other = app.store.task(one.task);
        const name = other?.title ?? "A task that is gone";
        return h("li", { key: one.task, class: `line${other && !isOpen(other) ? " closed" : ""}` },
          icon("link"), h("button", { type: "button", class: "line-title", disabled: !other, onclick: () => openFromHere(app, one.task) }, name),
          type === "blocked-by" && other && isOpen(other) ? h("span", { class: "chip trouble" }, "Waits") : null,
          may ? h("button", { type: "button", class: "icon-button small", "aria-label": `Unlink ${name}`, title: "Unlink", onclick: () => void app.send({ type: "UnlinkTask", task: task.id, link: type, other: one.task }, { said: `Unlinked “${name}”` }) }, icon("close")) : null);
      })))),
    troublesOf(app, task.id, "links"));
}

/** Tasks that are offered at most. */
const OFFERED = 5_000;

dialog("link", (app, /** @type {{task: string, type: string}} */ about) => {
  const task = app.store.task(about.task);
  if (!task) return dialogHead(app, "Link a task");
  const taken = new Set(task.links.filter((one) => one.type === about.type).map((one) => one.task));
  const items = app.store.live.filter((one) => one.id !== task.id && !taken.has(one.id)).slice(-OFFERED).reverse().map((one) => (
    { id: one.id, name: one.title, drawn: isOpen(one) ? "list" : "check", hint: app.store.project(app.store.root(one).project)?.name ?? "Inbox" }));
  const choose = (/** @type {string} */ other) => {
    app.closeDialog();
    void app.send({ type: "LinkTask", task: task.id, link: about.type, other }, { said: `${LINKS[about.type]} “${app.store.task(other)?.title ?? ""}”` });
  };
  return [
    dialogHead(app, "Link a task", task.title),
    h("div", { class: "segments wrap", role: "group", "aria-label": "How it is linked" }, Object.entries(LINKS).map(([type, name]) =>
      h("button", { type: "button", class: "segment", key: type, "aria-pressed": String(type === about.type), onclick: () => app.openDialog("link", { ...about, type }) }, name))),
    chooser({ label: "Task", items, choose, placeholder: "Find a task by its words" }),
  ];
});
