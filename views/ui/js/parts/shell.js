/** What is round every page: the sidebar, the bar on top, the tabs of a phone, notices, and the state of the connection. */

import { h } from "../lib/dom.js";
import { isPast, dayOf, today } from "../lib/time.js";
import { isOpen } from "../model/status.js";
import { shown } from "../lib/keys.js";
import { avatar } from "./avatar.js";
import { icon } from "./icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../lib/dom.js").Content} Content */

/** A link within the page. @param {App} app @param {string} to @param {Record<string, any>} props @param {...Content} content */
export function link(app, to, props, ...content) {
  return h("a", {
    ...props, href: to,
    onclick: (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      app.sidebar = false;
      app.go(to);
    },
  }, ...content);
}

/** @param {App} app */
function counts(app) {
  return app.store.keep("counts", () => {
    const now = today();
    let inbox = 0;
    let due = 0;
    /** @type {Map<string, number>} */
    const projects = new Map();
    for (const task of app.store.live) {
      if (!isOpen(task)) continue;
      const project = app.store.root(task).project;
      if (!task.parent && !project) inbox++;
      if (!task.parent && project) projects.set(project, (projects.get(project) ?? 0) + 1);
      if (task.due && (isPast(task.due) || dayOf(task.due) === now)) due++;
    }
    return { inbox, due, projects };
  });
}

/** @param {App} app @param {string} page @param {string} name @param {string} drawn @param {number} [count] @param {boolean} [late] */
function item(app, page, name, drawn, count = 0, late = false) {
  const current = app.route.page === page && !(page === "search" && app.store.filters.some((one) => one.id === app.route.id));
  return h("li", { key: page }, link(app, app.to(page), { class: "nav-item", "aria-current": current ? "page" : undefined },
    icon(drawn), h("span", { class: "grow" }, name), count ? h("span", { class: `count${late ? " late" : ""}` }, String(count)) : null));
}

/** @param {App} app */
export function sidebar(app) {
  const { store } = app;
  const { inbox, due, projects } = counts(app);
  const fired = store.reminders.filter((one) => one.state === "fired").length;
  return h("nav", { class: `sidebar${app.sidebar ? " shown" : ""}`, "aria-label": "Main" },
    h("div", { class: "sidebar-head" },
      h("button", { type: "button", class: "workspace-button", onclick: () => app.openDialog("workspaces") },
        h("span", { class: "workspace-mark", "aria-hidden": "true" }, [...(store.workspace?.name ?? "T")][0]), h("span", { class: "grow ellipsis" }, store.workspace?.name ?? "…"), icon("down")),
    ),
    app.may("editor") ? h("button", { type: "button", class: "nav-item add", onclick: () => app.openDialog("add") }, icon("plus"), h("span", { class: "grow" }, "Add a task"), h("kbd", null, "q")) : null,
    h("button", { type: "button", class: "nav-item", onclick: () => app.openDialog("palette") }, icon("search"), h("span", { class: "grow" }, "Find or do"), h("kbd", null, shown("Mod+k"))),
    h("ul", null,
      item(app, "inbox", "Inbox", "inbox", inbox),
      item(app, "today", "Today", "today", due, due > 0),
      item(app, "upcoming", "Upcoming", "upcoming"),
      item(app, "calendar", "Calendar", "calendar"),
      item(app, "reminders", "Reminders", "bell", fired, fired > 0),
      item(app, "series", "Repeating", "repeat"),
      item(app, "search", "Search and filters", "filter"),
    ),
    store.filters.length ? [h("div", { class: "nav-head" }, h("h2", null, "Filters")), h("ul", null, store.filters.map((one) =>
      h("li", { key: one.id }, link(app, app.to("search", one.id), { class: "nav-item", "aria-current": app.route.page === "search" && app.route.id === one.id ? "page" : undefined },
        h("span", { class: "dot", style: { background: one.colour || "var(--ink-3)" } }), h("span", { class: "grow ellipsis" }, one.name)))))] : null,
    h("div", { class: "nav-head" }, h("h2", null, "Projects"),
      app.may("editor") ? h("button", { type: "button", class: "icon-button", "aria-label": "New project", title: "New project", onclick: () => app.openDialog("project") }, icon("plus")) : null),
    h("ul", null,
      store.projects.map((one) => h("li", { key: one.id }, link(app, app.to("project", one.id), { class: "nav-item", "aria-current": app.route.page === "project" && app.route.id === one.id ? "page" : undefined },
        h("span", { class: "dot", style: { background: one.colour || "var(--ink-3)" } }), h("span", { class: "grow ellipsis" }, one.name), projects.get(one.id) ? h("span", { class: "count" }, String(projects.get(one.id))) : null))),
      store.projects.length ? null : h("li", { class: "nav-empty" }, "Projects gather tasks that belong together."),
    ),
    h("span", { class: "grow" }),
    h("ul", null,
      item(app, "activity", "Activity", "activity"),
      item(app, "trash", "Trash", "trash"),
      item(app, "exchange", "Import and export", "upload"),
      item(app, "members", "Members", "members"),
      item(app, "settings", "Settings", "settings"),
    ),
    h("div", { class: "sidebar-foot" }, avatar(store.user || "?"), h("span", { class: "grow ellipsis" }, store.user),
      h("button", { type: "button", class: "icon-button", "aria-label": "Keyboard help", title: "Keyboard help (?)", onclick: () => app.openDialog("help") }, icon("help"))),
  );
}

/** The bar above a page. @param {App} app @param {{title: Content, subtitle?: Content, tabs?: Content, actions?: Content}} options */
export function pageHead(app, { title, subtitle, tabs, actions }) {
  return h("header", { class: "page-head" },
    h("button", { type: "button", class: "icon-button menu-button", "aria-label": "Menu", "aria-expanded": String(Boolean(app.sidebar)), onclick: () => { app.sidebar = !app.sidebar; app.tell(); } }, icon("menu")),
    h("div", { class: "page-title" }, h("h1", null, title), subtitle ? h("p", { class: "subtitle" }, subtitle) : null),
    tabs ?? null,
    h("span", { class: "grow" }),
    h("div", { class: "people", role: "group", "aria-label": "Also here" }, app.presence.people.filter((user) => user !== app.store.user).slice(0, 5).map((user) => h("span", { key: user }, avatar(user, `${user} is here`)))),
    actions ?? null,
    connection(app),
  );
}

/** Whether changes are live, and what waits to be sent. @param {App} app */
function connection(app) {
  const state = app.feed?.state ?? "closed";
  const waiting = app.store.waiting.filter((one) => one.state === "waiting" || one.state === "sent").length;
  const troubles = app.store.waiting.filter((one) => one.state === "refused" || one.state === "conflict").length;
  const words = state === "live" ? (waiting ? "Sending…" : "Live") : state === "connecting" ? "Connecting…" : waiting ? `Offline, ${waiting} to send` : "Offline";
  return h("div", { class: "connection" },
    troubles ? h("button", { type: "button", class: "chip trouble", onclick: () => app.openDialog("outbox") }, `${troubles} to look at`) : null,
    h("button", { type: "button", class: `connection-state ${state}`, title: state === "live" ? "Everything you see is as it is" : "What you change is kept, and sent when you are online", onclick: () => (state === "live" ? app.openDialog("outbox") : app.feed?.retry()) },
      h("span", { class: "pulse", "aria-hidden": "true" }), words),
    h("span", { class: "unseen", role: "status" }, words),
  );
}

/** The tabs at the bottom of a phone. @param {App} app @param {boolean} covered by a task, so that they rest */
export function tabs(app, covered) {
  const tab = (/** @type {string} */ page, /** @type {string} */ name, /** @type {string} */ drawn) =>
    link(app, app.to(page), { class: "tab", key: page, "aria-current": app.route.page === page ? "page" : undefined }, icon(drawn), name);
  return h("nav", { class: "tabs", "aria-label": "Short ways", inert: covered },
    tab("today", "Today", "today"), tab("inbox", "Inbox", "inbox"),
    app.may("editor") ? h("button", { type: "button", class: "tab add", key: "add", "aria-label": "Add a task", onclick: () => app.openDialog("add") }, icon("plus")) : null,
    tab("calendar", "Calendar", "calendar"), tab("search", "Search", "search"));
}

/** @param {App} app */
export function notices(app) {
  return h("div", { class: "notices", key: "notices", role: "status", "aria-live": "polite" },
    app.notices.shown.map((one) => h("div", { class: `notice ${one.tone}`, key: one.id },
      h("span", { class: "grow" }, one.text),
      one.action ? h("button", { type: "button", class: "button quiet", onclick: () => { app.notices.drop(one.id); one.action?.run(); } }, one.action.label) : null,
      h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => app.notices.drop(one.id) }, icon("close")))));
}

/** What a page says while it is empty: what belongs here, and how it comes here. @param {{drawn: string, title: string, text: Content, action?: Content}} options */
export function empty({ drawn, title, text, action }) {
  return h("div", { class: "empty" }, h("div", { class: "empty-mark" }, icon(drawn)), h("h2", null, title), h("p", null, text), action ?? null);
}
