/** The lists: Inbox, Today, Upcoming and the list of a project. */

import { h } from "../lib/dom.js";
import { addDays, dayOf, sayDay, sayFullDay, today, whenKey, written } from "../lib/time.js";
import { placeOf } from "../model/making.js";
import { isOpen } from "../model/status.js";
import { editAll } from "../model/together.js";
import { icon } from "../parts/icon.js";
import { empty, link, pageHead } from "../parts/shell.js";
import { taskList } from "../parts/task-list.js";
import { selectionBar } from "../parts/task-row.js";
import "../parts/quick-add.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../parts/task-list.js").Group} Group */

const PRIORITIES = ["urgent", "high", "medium", "low", "none"];

/** By time, then priority, then manual order. @param {Task} one @param {Task} other */
function byDue(one, other) {
  const [first, second] = [whenKey(one.due), whenKey(other.due)];
  if (first !== second) return first < second ? -1 : 1;
  const pressing = PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority);
  return pressing || (one.order < other.order ? -1 : 1);
}

/** The field for new tasks above a list, and what is selected in it. @param {App} app */
function above(app) {
  return h("div", { class: "above-list", key: "above" }, app.selected.size ? selectionBar(app) : app.may("editor") ? h("quick-add", { given: { app, place: placeOf(app) } }) : null);
}

/** A page with a list. @param {App} app @param {readonly Group[]} groups @param {{head: import("../lib/dom.js").Content, list: Parameters<typeof taskList>[2], none: import("../lib/dom.js").Content}} options */
function page(app, groups, { head, list, none }) {
  const any = groups.some((group) => group.tasks.length || group.place?.section);
  return [head, above(app), any ? taskList(app, groups, list) : none];
}

/** @param {App} app */
export function inbox(app) {
  const tasks = app.store.keep("inbox", () => app.store.inProject(null).filter(isOpen));
  return page(app, [{ id: "inbox", tasks, place: { project: null, section: null } }], {
    head: pageHead(app, { title: "Inbox", subtitle: "What has no place yet" }),
    list: { label: "Inbox", nested: true, sortable: true },
    none: empty({ drawn: "inbox", title: "Nothing to sort", text: ["Write down whatever comes to mind: press ", h("kbd", null, "Q"), " and type it as you would say it, such as “Call the dentist on Monday at 10”."] }),
  });
}

/** @param {App} app */
export function todayPage(app) {
  const { store } = app;
  const now = today();
  const groups = store.keep("today", () => {
    const open = store.live.filter((task) => isOpen(task) && (task.due || task.start));
    const late = open.filter((task) => task.due && dayOf(task.due) < now).sort(byDue);
    const due = open.filter((task) => (task.due && dayOf(task.due) === now) || (!(task.due && dayOf(task.due) < now) && task.start && dayOf(task.start) <= now)).sort(byDue);
    const done = store.live.filter((task) => task.status === "done" && task.completed_at && dayOf({ local: "", date: new Date(task.completed_at).toLocaleDateString("en-CA") }) === now);
    return { late, due, done };
  });
  /** @type {Group[]} */
  const shown = [];
  if (groups.late.length) {
    const all = h("button", { type: "button", class: "button quiet", onclick: () => editAll(app, groups.late, { due: { date: now } }, "due today") }, "All to today");
    shown.push({ id: "late", name: "Overdue", tone: "late", tasks: groups.late, actions: app.may("editor") ? all : null });
  }
  if (groups.due.length) shown.push({ id: "today", name: groups.late.length ? "Today" : undefined, tasks: groups.due, place: { due: now } });
  if (groups.done.length) shown.push({ id: "done", name: "Done today", tone: "quiet", tasks: groups.done });
  return page(app, shown, {
    head: pageHead(app, { title: "Today", subtitle: sayFullDay(now) }),
    list: { label: "Today", place: true },
    none: empty({ drawn: "sun", title: "Nothing is due today", text: ["Enjoy it, or take something on: ", h("kbd", null, "t"), " makes the task at the cursor due today."], action: link(app, app.to("upcoming"), { class: "button" }, "See what is coming") }),
  });
}

/** Days of Upcoming that have a heading of their own, even if nothing is due. */
const DAYS = 14;

/** @param {App} app */
export function upcoming(app) {
  const { store } = app;
  const now = today();
  const groups = store.keep("upcoming", () => {
    const open = store.live.filter((task) => isOpen(task) && task.due && dayOf(task.due) >= now).sort(byDue);
    const byDay = Map.groupBy(open, (task) => dayOf(/** @type {import("../model/types.js").When} */ (task.due)));
    const days = new Set([...Array.from({ length: DAYS }, (_, index) => addDays(now, index)), ...byDay.keys()]);
    return [...days].sort().map((day) => ({ id: day, name: heading(day), tasks: byDay.get(day) ?? [], place: { due: day } }));
  });
  return [
    pageHead(app, { title: "Upcoming", subtitle: "Drag a task to another day to put it off" }),
    above(app),
    taskList(app, groups, { label: "Upcoming", place: true, sortable: true }),
  ];
}

/** The heading of a day: its name, if it has one, and its date. @param {string} day */
function heading(day) {
  const name = sayDay(day);
  return `${/\d/.test(name) ? written(day, { weekday: "long" }) : name} · ${written(day, { day: "numeric", month: "short" })}`;
}

/** The list and board of a project have one head. @param {App} app @param {import("../model/types.js").Project} project */
export function projectHead(app, project) {
  const view = app.route.query.get("view") ?? "list";
  const tab = (/** @type {string} */ name, /** @type {string} */ words, /** @type {string} */ drawn) =>
    link(app, app.to("project", project.id, { view: name === "list" ? null : name }), { class: "segment", key: name, "aria-current": view === name ? "page" : undefined }, icon(drawn), words);
  return pageHead(app, {
    title: project.name, subtitle: project.description.split("\n")[0] || undefined,
    tabs: h("div", { class: "segments", role: "group", "aria-label": "View" }, tab("list", "List", "list"), tab("board", "Board", "board")),
    actions: [
      app.may("editor") ? h("button", { type: "button", class: "icon-button", title: "Add a section", "aria-label": "Add a section", onclick: () => app.openDialog("section", { project }) }, icon("plus")) : null,
      app.may("editor") ? h("button", { type: "button", class: "icon-button", title: "Edit the project", "aria-label": "Edit the project", onclick: () => app.openDialog("project", project) }, icon("settings")) : null,
    ],
  });
}

/** @param {App} app @param {import("../model/types.js").Project} project */
export function projectList(app, project) {
  const { store } = app;
  const closed = app.route.query.get("closed") === "1";
  const groups = store.keep(`groups of ${project.id} ${closed}`, () => {
    const tasks = store.inProject(project.id).filter((task) => closed || isOpen(task));
    const known = new Set(project.sections.map((one) => one.id));
    const loose = tasks.filter((task) => !task.section || !known.has(task.section));
    /** @type {Group[]} */
    const found = [{ id: "loose", tasks: loose, place: { project: project.id, section: null } }];
    for (const section of project.sections) {
      const more = app.may("editor") ? h("button", { type: "button", class: "icon-button", "aria-label": `Edit the section ${section.name}`, onclick: () => app.openDialog("section", { project, section }) }, icon("more")) : null;
      found.push({ id: section.id, name: section.name, tasks: tasks.filter((task) => task.section === section.id), place: { project: project.id, section: section.id }, actions: more });
    }
    return found;
  });
  return page(app, groups, {
    head: projectHead(app, project),
    list: { label: project.name, nested: true, sortable: true },
    none: empty({ drawn: "list", title: "A fresh project", text: ["Add its first task above. Sections divide a project into parts or steps; on the board they are the columns."] }),
  });
}
