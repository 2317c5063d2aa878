/** The palette: everything that can be done, everywhere that can be gone to, and every task, by typing. */

import { isOpen } from "../model/status.js";
import { shown } from "../lib/keys.js";
import { ACTIONS, meant, perform } from "../actions.js";
import { chooser, dialog, dialogHead } from "../parts/dialogs.js";

/** Tasks that are offered at most. */
const TASKS = 5_000;

dialog("palette", (app) => {
  const tasks = meant(app);
  const actions = ACTIONS.filter((one) => !one.hidden && one.id !== "palette" && (!one.task || tasks.length) && (!one.needs || app.may(one.needs)));
  const about = tasks.length > 1 ? `${tasks.length} tasks` : tasks[0]?.title;
  const items = [
    ...actions.map((one) => ({ id: `action ${one.id}`, name: one.task ? `${one.name}: ${about}` : one.name, drawn: one.icon ?? "right", hint: one.keys.map(shown)[0], group: "Actions" })),
    ...app.store.projects.map((one) => ({ id: `project ${one.id}`, name: one.name, dot: one.colour || "var(--ink-3)", group: "Projects" })),
    ...app.store.filters.map((one) => ({ id: `filter ${one.id}`, name: one.name, drawn: "filter", group: "Filters" })),
    ...app.store.live.filter(isOpen).slice(-TASKS).reverse().map((one) => ({ id: `task ${one.id}`, name: one.title, drawn: "list", hint: app.store.project(app.store.root(one).project)?.name, group: "Tasks" })),
  ];
  const choose = (/** @type {string} */ id) => {
    const [kind, name] = id.split(" ");
    app.closeDialog();
    if (kind === "project") app.go(app.to("project", name));
    else if (kind === "filter") app.go(app.to("search", name));
    else if (kind === "task") app.openTask(name);
    else perform(app, /** @type {import("../actions.js").Action} */ (ACTIONS.find((one) => one.id === name)));
  };
  return [
    dialogHead(app, "Find or do"),
    chooser({ label: "Find or do", items, choose, placeholder: "A task, a project, or what you want to do", addLabel: "Search for", add: (text) => { app.closeDialog(); app.go(app.to("search", "", { q: text })); } }),
  ];
});
