/** The small dialogs: adding, dates, places, labels, people, projects, workspaces. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { placeOf } from "../model/making.js";
import { sendAll } from "../model/together.js";
import { makeWorkspace } from "../net/workspaces.js";
import { address } from "../router.js";
import { colourField } from "../parts/colours.js";
import { chooser, dialog, dialogHead } from "../parts/dialogs.js";
import "../parts/quick-add.js";
import "../parts/when-field.js";

/** @typedef {import("../model/types.js").Task} Task */

dialog("add", (app, /** @type {{place: Record<string, any>, text?: string} | undefined} */ about) => [
  dialogHead(app, about?.text ? `Add a task on ${about.text}` : "Add a task", "Write it as you would say it: days, times, #projects, @people, !priority and repeats are understood."),
  h("quick-add", { given: { app, focused: true, place: { ...placeOf(app), ...about?.place } } }),
]);

dialog("move", (app, /** @type {Task[]} */ tasks) => {
  const items = [{ id: "", name: "Inbox", drawn: "inbox" }];
  for (const project of app.store.projects) {
    items.push(/** @type {any} */ ({ id: project.id, name: project.name, dot: project.colour || "var(--ink-3)" }));
    for (const section of project.sections) items.push(/** @type {any} */ ({ id: `${project.id} ${section.id}`, name: `${project.name} / ${section.name}`, dot: project.colour || "var(--ink-3)" }));
  }
  const choose = (/** @type {string} */ id) => {
    const [project, section] = id.split(" ");
    const name = items.find((one) => one.id === id)?.name;
    sendAll(app, tasks, (task) => ({ type: "MoveTask", task: task.id, project: project || null, section: section ?? null, ...(task.parent ? { parent: null } : {}) }), `Moved to ${name}`);
    app.closeDialog();
  };
  return [dialogHead(app, tasks.length > 1 ? `Move ${tasks.length} tasks` : `Move “${tasks[0]?.title}”`), chooser({ label: "Project", items, choose })];
});

dialog("label", (app, /** @type {Task[]} */ given) => {
  const tasks = given.map((task) => app.store.task(task.id) ?? task);
  const items = app.store.labels.map((label) => ({ id: label, name: label, drawn: "tag", chosen: tasks.every((task) => task.labels.includes(label)) }));
  const choose = (/** @type {string} */ label) => {
    const off = tasks.every((task) => task.labels.includes(label));
    for (const task of tasks) void app.send({ type: "LabelTask", task: task.id, ...(off ? { remove: [label] } : { add: [label] }) });
  };
  return [dialogHead(app, "Labels"), chooser({ label: "Label", items, choose, add: choose, addLabel: "New label", placeholder: "Find or make a label" })];
});

dialog("assign", (app, /** @type {Task[]} */ given) => {
  const tasks = given.map((task) => app.store.task(task.id) ?? task);
  const items = app.store.members.map(({ user }) => ({ id: user, name: user, drawn: "user", chosen: tasks.every((task) => task.assignees.includes(user)) }));
  const choose = (/** @type {string} */ user) => {
    const off = tasks.every((task) => task.assignees.includes(user));
    for (const task of tasks) void app.send({ type: "AssignTask", task: task.id, ...(off ? { remove: [user] } : { add: [user] }) });
  };
  return [dialogHead(app, "Who does it?"), chooser({ label: "Person", items, choose })];
});

dialog("project", (app, /** @type {import("../model/types.js").Project | undefined} */ project) => [
  dialogHead(app, project ? "Edit the project" : "New project"),
  h("form", { class: "stack", onsubmit: (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [name, colour, description] = [String(given.get("name")).trim(), String(given.get("colour") ?? ""), String(given.get("description"))];
    if (!name) return;
    app.closeDialog();
    if (project) {
      void app.send({ type: "EditProject", project: project.id, name, colour, description }, { said: `Changed ${name}` });
      return;
    }
    const id = uuid();
    void app.send({ type: "CreateProject", project: id, name, colour, description }, { said: `Made the project ${name}` });
    app.go(app.to("project", id));
  } },
    h("label", { class: "labelled" }, "Name", h("input", { class: "field", name: "name", value: project?.name ?? "", required: true, maxLength: 200, autofocus: true })),
    h("label", { class: "labelled" }, "What it is about", h("textarea", { class: "field", name: "description", rows: 3, value: project?.description ?? "" })),
    colourField(project?.colour, app.store.projects.length),
    h("div", { class: "row end" },
      project ? h("button", { type: "button", class: "button danger", onclick: () => {
        app.closeDialog();
        void app.send({ type: "TrashProject", project: project.id }, { said: `Moved ${project.name} to the trash` });
        app.go(app.to("inbox"));
      } }, "Move to the trash") : null,
      h("button", { class: "button primary", type: "submit" }, project ? "Save" : "Make the project"))),
]);

dialog("workspaces", (app) => [
  dialogHead(app, "Workspaces"),
  chooser({
    label: "Workspace", addLabel: "New workspace", placeholder: "Find one, or name a new one",
    items: app.workspaces.map((one) => ({ id: one.id, name: one.name, hint: one.role, chosen: one.id === app.route.workspace })),
    choose: (id) => {
      app.closeDialog();
      app.go(address(id, "today"));
    },
    add: async (name) => {
      app.closeDialog();
      const made = await makeWorkspace(name);
      app.go(address(made.id, "today"));
    },
  }),
]);

dialog("section", (app, /** @type {{project: import("../model/types.js").Project, section?: import("../model/types.js").Section}} */ { project, section }) => [
  dialogHead(app, section ? "Edit the section" : `New section in ${project.name}`, section ? undefined : "Sections divide a project; on the board they are its columns."),
  h("form", { class: "stack", onsubmit: (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("name")).trim();
    if (!name) return;
    app.closeDialog();
    if (section) void app.send({ type: "EditSection", project: project.id, section: section.id, name }, { said: `Renamed to ${name}` });
    else void app.send({ type: "AddSection", project: project.id, section: uuid(), name }, { said: `Made the section ${name}` });
  } },
    h("label", { class: "labelled" }, "Name", h("input", { class: "field", name: "name", value: section?.name ?? "", required: true, maxLength: 200, autofocus: true })),
    h("div", { class: "row end" },
      section ? h("button", { type: "button", class: "button danger", onclick: () => {
        app.closeDialog();
        void app.send({ type: "RemoveSection", project: project.id, section: section.id }, { said: `Removed the section ${section.name}; its tasks stay in the project` });
      } }, "Remove the section") : null,
      h("button", { class: "button primary", type: "submit" }, section ? "Save" : "Make the section"))),
]);
