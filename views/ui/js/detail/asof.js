/** A task as it was, with what is otherwise now; and bringing that version back. */

import { h } from "../lib/dom.js";
import { markdown } from "../lib/markdown.js";
import { same } from "../model/waiting.js";
import { icon } from "../parts/icon.js";
import { LINKS, fieldName, sayValue } from "../model/values.js";
import { differences } from "../parts/changes.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** What is shown as a list of values. */
const VALUES = /** @type {const} */ (["status", "due", "start", "priority", "project", "section", "labels", "assignees", "estimate_minutes", "parent", "series"]);

/** What comes back with a version; its place among others, its links and comments stay. */
const BACK = /** @type {const} */ (["title", "description", "status", "due", "start", "priority", "labels", "assignees", "estimate_minutes"]);

/** @param {App} app @param {Task} then @param {Task} now */
export function snapshot(app, then, now) {
  const rows = VALUES.map((field) => [field, sayValue(app, field, then[field]), sayValue(app, field, now[field])]).filter(([, old, current]) => old || current);
  const changed = [...BACK, "checklist", "links", "project", "section", "trashed"].filter((field) => !same(/** @type {any} */ (then)[field], /** @type {any} */ (now)[field])).length;
  return h("div", { class: "snapshot" },
    then === now ? null : h("p", { class: "hint", role: "status" }, changed ? `${changed === 1 ? "One thing is" : `${changed} things are`} otherwise now, and marked.` : "Nothing is otherwise now."),
    then.trashed_at ? h("p", { class: "chip trouble" }, "It was in the trash") : null,
    then.title === now.title ? h("p", { class: "snapshot-title" }, then.title) : h("div", { class: "otherwise snapshot-title" }, then.title, h("span", { class: "since" }, "Now: ", now.title)),
    h("dl", { class: "snapshot-values" }, rows.map(([field, old, current]) => [
      h("dt", { key: `${field} name` }, fieldName(field)),
      h("dd", { key: field, class: old === current ? "" : "otherwise" }, old || "None", old === current ? null : h("span", { class: "since" }, `Now: ${current || "none"}`)),
    ])),
    then.description || now.description ? h("div", { key: "description", class: `snapshot-text${then.description === now.description ? "" : " otherwise"}` },
      h("h4", null, "Description"), then.description === now.description ? h("div", { class: "md" }, markdown(then.description)) : [then.description ? h("div", { class: "md" }, markdown(then.description)) : h("p", { class: "hint" }, "None"), h("div", { class: "since" }, "Since then: ", differences(then.description, now.description))]) : null,
    then.checklist.length || now.checklist.length ? h("div", { key: "checklist", class: same(then.checklist, now.checklist) ? "" : "otherwise" }, h("h4", null, "Checklist"),
      then.checklist.length ? h("ul", { class: "lines" }, then.checklist.map((one) => h("li", { key: one.id, class: `line${one.done ? " closed" : ""}` }, h("span", { class: "md-box", role: "img", "aria-label": one.done ? "Done" : "To do" }, one.done ? "✓" : ""), one.title))) : h("p", { class: "hint" }, "None")) : null,
    then.links.length || now.links.length ? h("div", { key: "links", class: same(then.links, now.links) ? "" : "otherwise" }, h("h4", null, "Links"),
      then.links.length ? h("ul", { class: "lines" }, then.links.map((one) => h("li", { key: `${one.type} ${one.task}`, class: "line" }, icon("link"), `${LINKS[one.type]} ${app.store.task(one.task)?.title ?? "a task that is gone"}`))) : h("p", { class: "hint" }, "None")) : null);
}

/** Makes the task what it was, as an edit that can itself be undone. @param {App} app @param {Task} then @param {Task} now @param {string} at */
export function bringBack(app, then, now, at) {
  /** @type {Record<string, any>} */
  const fields = {};
  for (const field of BACK) if (!same(then[field], now[field])) fields[field] = then[field];
  const said = `Brought back how it was on ${new Date(at).toLocaleString()}`;
  const before = new Map(now.checklist.map((one) => [one.id, one]));
  const items = new Set(then.checklist.map((one) => one.id));
  /** @type {import("../model/types.js").Command[]} */
  const commands = [];
  for (const one of then.checklist) {
    const current = before.get(one.id);
    if (!current) commands.push({ type: "AddChecklistItem", task: now.id, item: one.id, title: one.title, done: one.done });
    else if (!same(one, current)) commands.push({ type: "EditChecklistItem", task: now.id, item: one.id, title: one.title, done: one.done });
  }
  for (const one of now.checklist) if (!items.has(one.id)) commands.push({ type: "RemoveChecklistItem", task: now.id, item: one.id });
  if (now.trashed_at && !then.trashed_at) commands.unshift({ type: "RestoreTask", task: now.id });
  if (!Object.keys(fields).length && !commands.length) return app.notices.say("It is like that already.");
  for (const command of commands) void app.send(command, Object.keys(fields).length ? {} : { said });
  if (Object.keys(fields).length) void app.edit(now, fields, said);
  app.closeDialog();
}
