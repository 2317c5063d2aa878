/** Starts the page: makes the app, shows it whenever something changes, at most once a frame. */

import { App } from "./app.js";
import { listen } from "./actions.js";
import { h, patch } from "./lib/dom.js";
import { single } from "./lib/screens.js";
import { restoreAppearance } from "./model/appearance.js";
import { openDialog } from "./parts/dialogs.js";
import { reminderCards } from "./parts/reminder-cards.js";
import { notices, sidebar, tabs } from "./parts/shell.js";
import { detail } from "./pages/detail.js";
import { gone, signIn, starting, welcome } from "./pages/entrance.js";
import { page } from "./pages/all.js";
import "./dialogs/small.js";
import "./dialogs/when.js";
import "./dialogs/palette.js";
import "./dialogs/help.js";
import "./dialogs/outbox.js";
import "./dialogs/series.js";
import "./dialogs/snooze.js";

const app = new App();
const root = /** @type {HTMLElement} */ (document.getElementById("app"));

function view() {
  if (app.phase === "welcome") return welcome(app);
  if (app.phase === "sign-in") return signIn(app);
  if (app.phase === "gone") return gone(app);
  if (app.phase === "starting") return starting();
  const task = app.route.query.get("task");
  const covered = Boolean(task) && single.matches;
  const dialog = openDialog(app);
  return [
    h("div", { class: `shell${task ? " with-detail" : ""}`, key: "shell" },
      sidebar(app),
      app.sidebar ? h("div", { class: "scrim", key: "scrim", onclick: () => { app.sidebar = false; app.tell(); } }) : null,
      h("main", { class: "page", key: "page", id: "page", inert: covered }, page(app)),
      detail(app),
      tabs(app, covered)),
    dialog ? null : notices(app),
    reminderCards(app),
    dialog,
  ];
}

let waiting = false;
/** The dialog that is to be seen. @type {App["dialog"]} */
let asked = null;

function show() {
  waiting = false;
  asked = app.dialog;
  patch(root, view());
  const { store, route } = app;
  const name = route.page === "project" ? store.project(route.id)?.name : route.page;
  document.title = app.phase === "open" ? `${name ? `${name[0].toUpperCase()}${name.slice(1)} · ` : ""}${store.workspace?.name ?? "Tasksys"}` : "Tasksys";
}

app.listen(() => {
  if (asked !== app.dialog) return show(); // at once: the next key is meant for it
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(show);
});

single.addEventListener("change", () => app.tell());
restoreAppearance();
listen(app);
setInterval(() => app.store.changed(), 60_000); // what is today, or late, changes by itself
show();
void app.start();

/** What may name a script here is this address alone (Trusted Types). */
const trusted = /** @type {any} */ (window).trustedTypes?.createPolicy("tasksys", { createScriptURL: (/** @type {string} */ url) => url });

if ("serviceWorker" in navigator) navigator.serviceWorker.register(trusted?.createScriptURL("/sw.js") ?? "/sw.js").catch(() => {});
