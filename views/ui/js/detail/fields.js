/** The fields of a task as a compact list: each is a button, a choice or a text, to be changed where it stands. */

import { h } from "../lib/dom.js";
import { HERE, isPast } from "../lib/time.js";
import { isOpen, reach } from "../model/status.js";
import { avatar } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { known } from "../parts/dialogs.js";
import { link } from "../parts/shell.js";
import { writers } from "./others.js";
import { troublesOf } from "./troubles.js";
import { sayMinutes } from "../model/saying.js";
import { PRIORITY, STATUS, readMinutes, sayMoment } from "../model/values.js";
import { writing } from "./writing.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../lib/dom.js").Content} Content */

/** One field: its name and its value. @param {App} app @param {Task} task @param {string} name @param {string} label @param {string} drawn @param {...Content} value */
function row(app, task, name, label, drawn, ...value) {
  return h("div", { class: "fields-row", key: name },
    h("dt", null, icon(drawn), label),
    h("dd", null, h("div", { class: "fields-value" }, value), writers(app, task.id, name, ""), troublesOf(app, task.id, name)));
}

/** A value that a dialog changes; `said` is the value as a text. @param {App} app @param {string} name @param {string} said @param {Content} value @param {() => void} run @param {string} [tone] */
function button(app, name, said, value, run, tone = "") {
  if (!app.may("editor")) return h("span", { class: `value ${tone}` }, value || h("span", { class: "none" }, "None"));
  return h("button", { type: "button", class: `value ${tone}`, "aria-label": `${name}: ${said || "none. Add"}`, onclick: run }, value || h("span", { class: "none" }, "Add"));
}

/** A value of a few. @param {App} app @param {string} name @param {string} value @param {[string, string][]} choices @param {(value: string) => void} choose @param {string} [tone] */
function choice(app, name, value, choices, choose, tone = "") {
  return h("select", {
    class: `value ${tone}`, "aria-label": name, disabled: !app.may("editor"),
    onchange: (/** @type {Event} */ event) => {
      const select = /** @type {HTMLSelectElement} */ (event.target);
      choose(select.value);
    },
  }, choices.map(([id, text]) => h("option", { key: id, value: id, selected: id === value }, text)));
}

/** @param {App} app @param {Task} task */
function status(app, task) {
  const offered = Object.entries(STATUS).filter(([id]) => id === task.status || (id !== "missed" && (id !== "skipped" || task.series)));
  const choose = (/** @type {string} */ reached) => reach(app, task, reached, `“${task.title}”: ${STATUS[reached].toLowerCase()}`);
  const occurrence = task.series && isOpen(task) && app.may("editor");
  return row(app, task, "status", "Status", "check",
    choice(app, "Status", task.status, /** @type {[string, string][]} */ (offered), choose),
    occurrence ? [
      h("button", { type: "button", class: "button quiet", key: "skip", onclick: () => choose("skipped") }, "Skip"),
      h("button", { type: "button", class: "button quiet", key: "postpone", onclick: () => app.openDialog("postpone", task) }, "Put off")] : null,
    task.postponed ? h("span", { class: "hint" }, `put off ${task.postponed === 1 ? "once" : `${task.postponed} times`}`) : null);
}

/** @param {App} app @param {Task} task @param {"due" | "start"} field */
function when(app, task, field) {
  const value = /** @type {any} */ (task[field]);
  const late = field === "due" && value && isOpen(task) && isPast(value);
  const zone = !value?.local ? "" : !value.zone ? "wherever you are" : value.zone === HERE ? value.zone.replaceAll("_", " ") : "";
  return row(app, task, field, field === "due" ? "Due" : "Start", field === "due" ? "today" : "play",
    button(app, field === "due" ? "Due" : "Start", sayMoment(value), sayMoment(value), () => app.openDialog(field, [task]), late ? "late" : ""),
    late ? h("span", { class: "hint late" }, "overdue") : null, zone ? h("span", { class: "hint" }, zone) : null);
}

/** @param {App} app @param {Task} task */
function place(app, task) {
  const project = app.store.project(app.store.root(task).project);
  const section = project?.sections.find((one) => one.id === app.store.root(task).section);
  const name = project ? `${project.name}${section ? ` / ${section.name}` : ""}` : "Inbox";
  return row(app, task, "project", "Project", "move",
    button(app, "Project", name, [project ? h("span", { class: "dot", style: { background: project.colour || "var(--ink-3)" } }) : null, name], () => app.openDialog("move", [task])));
}

/** @param {App} app @param {Task} task */
function labels(app, task) {
  return row(app, task, "labels", "Labels", "tag",
    button(app, "Labels", task.labels.join(" "), task.labels.length ? task.labels.map((label) => h("span", { class: "chip label", key: label }, label)) : "", () => app.openDialog("label", [task])));
}

/** @param {App} app @param {Task} task */
function assignees(app, task) {
  return row(app, task, "assignees", "Who", "user",
    button(app, "Who does it", task.assignees.join(" "), task.assignees.length ? task.assignees.map((user) => h("span", { class: "person", key: user }, avatar(user), h("span", null, user))) : "", () => app.openDialog("assign", [task])));
}

/** @param {App} app @param {Task} task */
function estimate(app, task) {
  const wrong = (/** @type {string} */ text) => (Number.isNaN(readMinutes(text) ?? 0) || (readMinutes(text) ?? 0) > 5_256_000 ? "Write it as 30m, 1h 30m or 2d." : "");
  return row(app, task, "estimate_minutes", "Estimate", "clock", writing({
    app, task: task.id, name: "estimate_minutes", value: sayMinutes(task.estimate_minutes), label: "Estimate", shape: "line", may: app.may("editor"), placeholder: "Such as 1h 30m", wrong,
    save: (text) => void app.edit(task, { estimate_minutes: readMinutes(text) || null }, "Changed the estimate"),
  }));
}

/** @param {App} app @param {Task} task */
function repeat(app, task) {
  const series = app.store.series(task.series);
  const edits = known("series") && app.may("editor");
  if (!task.series && !edits) return null;
  return row(app, task, "series", "Repeats", "repeat",
    task.series ? link(app, app.to("series", task.series), { class: "value" }, series?.description || "As a series") : null,
    edits ? h("button", { type: "button", class: task.series ? "button quiet" : "value", onclick: () => app.openDialog("series", { task }) }, task.series ? "Change" : h("span", { class: "none" }, "Add")) : null,
    series?.state === "paused" ? h("span", { class: "chip" }, "Paused") : series?.state === "ended" ? h("span", { class: "chip" }, "Ended") : null);
}

/** @param {App} app @param {Task} task */
export function fields(app, task) {
  const priority = (/** @type {string} */ value) => void app.edit(task, { priority: value }, PRIORITY[value]);
  return h("dl", { class: "fields", key: "fields" },
    status(app, task), when(app, task, "due"), when(app, task, "start"), repeat(app, task),
    row(app, task, "priority", "Priority", "flag", choice(app, "Priority", task.priority, Object.entries(PRIORITY).reverse(), priority, `priority-${task.priority}`)),
    place(app, task), labels(app, task), assignees(app, task), estimate(app, task));
}
