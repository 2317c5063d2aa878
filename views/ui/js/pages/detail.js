/** A task beside the list: everything that it has, each part to be changed where it stands. */

import { h } from "../lib/dom.js";
import { single } from "../lib/screens.js";
import { icon } from "../parts/icon.js";
import { link } from "../parts/shell.js";
import { check } from "../parts/task-row.js";
import { focused } from "../detail/focus.js";
import { lookers } from "../detail/others.js";
import { readNothing } from "../detail/reading.js";
import { openFromHere } from "../detail/part.js";
import { otherTroubles } from "../detail/troubles.js";
import { PARTS } from "./detail-parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** @param {App} app */
export function detail(app) {
  const id = app.route.query.get("task");
  focused(app, id);
  if (!id) {
    readNothing();
    return null;
  }
  const task = app.store.task(id);
  const covers = single.matches ? { role: "dialog", "aria-modal": "true" } : {};
  const close = button("Close the task", "close", () => app.openTask(null), "Close (Esc)");
  if (!task) {
    return h("aside", { class: "detail", key: "detail", tabIndex: -1, "aria-label": "Task", ...covers }, h("div", { class: "detail-head" }, h("span", { class: "grow" }), close), h("p", { class: "hint pad" }, "There is no such task in this workspace."));
  }
  return h("aside", { class: "detail", key: "detail", tabIndex: -1, "aria-label": `Task ${task.title}`, ...covers },
    h("div", { class: "detail-head" },
      h("span", { class: "detail-check" }, check(app, task)), whereabouts(app, task), h("span", { class: "grow" }), lookers(app, id),
      button("History", "history", () => app.openDialog("history", { task: id })),
      button("Copy the link", "link", () => void copyLink(app, id)),
      app.may("editor") && !task.trashed_at ? button("Move to the trash", "trash", () => void app.send({ type: "TrashTask", task: id }, { said: `Moved “${task.title}” to the trash` })) : null,
      close),
    h("div", { class: "detail-body", key: id, hook: (/** @type {HTMLElement} */ body) => { body.scrollTop = 0; } }, otherTroubles(app, id), trashed(app, task), PARTS.map((part) => part(app, task))),
  );
}

/** @param {string} name @param {string} drawn @param {() => void} run @param {string} [title] */
function button(name, drawn, run, title = name) {
  return h("button", { type: "button", class: "icon-button", key: name, "aria-label": name, title, onclick: run }, icon(drawn));
}

/** What the task is a part of. @param {App} app @param {Task} task */
function whereabouts(app, task) {
  const parent = app.store.task(task.parent);
  if (parent) return h("button", { type: "button", class: "detail-where", title: `Part of ${parent.title}`, onclick: () => openFromHere(app, parent.id) }, icon("left"), h("span", { class: "ellipsis" }, parent.title));
  const project = app.store.project(task.project);
  return link(app, project ? app.to("project", project.id) : app.to("inbox"), { class: "detail-where" }, h("span", { class: "ellipsis" }, project?.name ?? "Inbox"));
}

/** @param {App} app @param {Task} task */
function trashed(app, task) {
  if (!app.store.inTrash(task)) return null;
  const restore = app.may("editor") && task.trashed_at;
  return h("div", { class: "in-trash", key: "trash", role: "status" }, icon("trash"), h("span", { class: "grow" }, task.trashed_at ? "This task is in the trash." : "What this task is a part of is in the trash."),
    restore ? h("button", { type: "button", class: "button", onclick: () => void app.send({ type: "RestoreTask", task: task.id }, { said: `“${task.title}” is back` }) }, "Take it out") : null);
}

/** @param {App} app @param {string} id */
async function copyLink(app, id) {
  const address = new URL(app.with({ task: id }), location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    app.notices.say("The link is copied");
  } catch {
    app.notices.say(address);
  }
}
