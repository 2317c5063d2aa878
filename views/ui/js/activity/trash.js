/** The trash: tasks and projects that were thrown away, what is inside them, and the way back. */

import { h } from "../lib/dom.js";
import { sayAgo } from "../lib/time.js";
import { icon } from "../parts/icon.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { empty, pageHead } from "../parts/shell.js";
import "../parts/virtual-list.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Project} Project */
/** What is inside a thing that is shown in its dialog, at most. */
const INSIDE = 200;

/** @typedef {{kind: "project", project: Project, at: string, inside: number} | {kind: "task", task: Task, at: string, inside: number, first: string}} Thrown */

/** Tasks by what they are in: a task, or a project. @param {App} app @returns {Map<string, Task[]>} */
function insides(app) {
  return app.store.keep("insides", () => {
    /** @type {Map<string, Task[]>} */
    const found = new Map();
    for (const task of app.store.tasks) {
      const outer = task.parent ?? (task.project ? `project ${task.project}` : "");
      if (outer) found.set(outer, [...(found.get(outer) ?? []), task]);
    }
    return found;
  });
}

/** All that is inside a task or a project, what is at the top first. @param {App} app @param {string} id @returns {Task[]} */
function inside(app, id) {
  const found = [...(insides(app).get(id) ?? [])];
  for (let at = 0; at < found.length; at++) found.push(...(insides(app).get(found[at].id) ?? []));
  return found;
}

/** Everything that was thrown away by itself, newest first; what went along with it is counted. @param {App} app @returns {Thrown[]} */
function thrown(app) {
  const { store } = app;
  return store.keep("trash", () => {
    /** @type {Thrown[]} */
    const all = store.trashedProjects.map((project) => ({ kind: "project", project, at: project.trashed_at ?? "", inside: inside(app, `project ${project.id}`).length }));
    for (const task of store.tasks) if (task.trashed_at) all.push({ kind: "task", task, at: task.trashed_at, inside: inside(app, task.id).length, first: above(app, task) });
    return all.sort((one, other) => (one.at > other.at ? -1 : 1));
  });
}

/** The name of what must be restored before this task can be seen again; blank if nothing must. @param {App} app @param {Task} task */
function above(app, task) {
  const { store } = app;
  let one = task.parent ? store.task(task.parent) : undefined;
  let last = task;
  for (let depth = 0; one && depth < 40; depth++) {
    if (one.trashed_at) return `the task “${one.title}”`;
    last = one;
    one = one.parent ? store.task(one.parent) : undefined;
  }
  const project = store.project(last.project);
  return project?.trashed_at ? `the project ${project.name}` : "";
}

/** @param {App} app */
export function trash(app) {
  const all = thrown(app);
  const words = (app.route.query.get("q") ?? "").toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const items = app.store.keep(`trash ${words.join(" ")}`, () => all.filter((one) => {
    const name = (one.kind === "task" ? one.task.title : one.project.name).toLocaleLowerCase();
    return words.every((word) => name.includes(word));
  }));
  return [
    pageHead(app, { title: "Trash", subtitle: all.length ? `${all.length === 1 ? "1 thing" : `${all.length.toLocaleString()} things`}; nothing is ever removed for good` : undefined }),
    all.length ? h("div", { class: "search-form", key: "form", role: "search" }, h("label", { class: "search-words" }, icon("search"), h("span", { class: "unseen" }, "Search in the trash"),
      h("input", { type: "search", class: "search-input", "aria-label": "Search in the trash", placeholder: "Search in the trash", value: app.route.query.get("q") ?? "", autocomplete: "off",
        oninput: (/** @type {InputEvent} */ event) => app.go(app.with({ q: /** @type {HTMLInputElement} */ (event.target).value }), true) }))) : null,
    !all.length ? empty({ drawn: "trash", title: "The trash is empty", text: "What you throw away waits here, with all that is inside it, until you want it back." })
      : !items.length ? empty({ drawn: "search", title: "Nothing like that in the trash", text: "No task and no project here has all of these words in its name." })
        : h("virtual-list", { key: "trash", class: "trash-list", "aria-label": "In the trash", role: "list", given: {
          items, size: () => 60, name: (/** @type {Thrown} */ one) => (one.kind === "task" ? one.task.id : one.project.id), row: (/** @type {Thrown} */ one) => row(app, one),
        } }),
  ];
}

/** @param {App} app @param {Thrown} one */
function row(app, one) {
  const task = one.kind === "task" ? one.task : null;
  const name = nameOf(one);
  const many = one.kind === "task" ? (one.inside === 1 ? "1 subtask" : `${one.inside} subtasks`) : one.inside === 1 ? "1 task" : `${one.inside} tasks`;
  const first = one.kind === "task" ? one.first : "";
  const project = task ? app.store.project(app.store.root(task).project) : undefined;
  return h("div", { class: "trash-row", role: "listitem" },
    one.kind === "task" ? icon("list") : h("span", { class: "dot", style: { background: one.project.colour || "var(--ink-3)" } }),
    h("div", { class: "grow" },
      task ? h("button", { type: "button", class: "trash-name ellipsis", onclick: () => app.openTask(task.id) }, name) : h("span", { class: "trash-name ellipsis" }, name),
      h("p", { class: "hint ellipsis" }, first ? h("strong", { class: "first" }, `Restore ${first} first. `) : null, task ? "Task" : "Project",
        one.inside ? [" with ", h("button", { type: "button", class: "said-link", "aria-haspopup": "dialog", onclick: () => app.openDialog("trash-inside", one) }, many)] : null,
        `, thrown away ${sayAgo(one.at)}${project && !project.trashed_at ? `, from ${project.name}` : ""}`)),
    app.may("editor") ? h("button", { type: "button", class: "button", disabled: Boolean(first), title: first ? `Restore ${first} first` : undefined, "aria-label": `Restore ${name}`, onclick: () => restore(app, one) }, icon("undo"), h("span", { class: "narrow-hide" }, "Restore")) : null);
}

/** @param {Thrown} one */
function nameOf(one) {
  return one.kind === "task" ? one.task.title : one.project.name;
}

/** @param {App} app @param {Thrown} one */
function restore(app, one) {
  const command = one.kind === "task" ? { type: "RestoreTask", task: one.task.id } : { type: "RestoreProject", project: one.project.id };
  void app.send(command, { said: `Restored “${nameOf(one)}”` });
}

dialog("trash-inside", (app, /** @type {Thrown} */ one) => {
  const found = inside(app, one.kind === "task" ? one.task.id : `project ${one.project.id}`);
  return [
    dialogHead(app, `Inside “${nameOf(one)}”`, "It went to the trash with it, and comes back with it."),
    h("ul", { class: "plain-list", tabIndex: 0, "aria-label": "What is inside" }, found.slice(0, INSIDE).map((task) => h("li", { key: task.id, class: "row" }, icon(task.parent ? "subtask" : "list"), h("span", { class: "grow" }, task.title),
      task.trashed_at ? h("span", { class: "hint" }, "stays in the trash") : null))),
    found.length > INSIDE ? h("p", { class: "hint" }, `And ${found.length - INSIDE} more.`) : null,
    app.may("editor") && !(one.kind === "task" && one.first) ? h("div", { class: "row end" }, h("button", { type: "button", class: "button primary", onclick: () => { app.closeDialog(); restore(app, one); } }, "Restore it all")) : null,
  ];
});
