/** What is set on this device alone. */

import { h } from "../lib/dom.js";
import { setDensity, setTheme } from "../model/appearance.js";
import { session } from "../net/session.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { line, segments } from "./parts.js";

/** @typedef {import("../app.js").App} App */

/** @param {App} app */
export function appearance(app) {
  const { theme = "", density = "" } = document.documentElement.dataset;
  return [
    line("Theme", null, segments("Theme", [["", "As the system"], ["light", "Light"], ["dark", "Dark"]], theme, (value) => { setTheme(value); app.tell(); })),
    line("Density", "How close together tasks stand in lists", segments("Density", [["", "Comfortable"], ["compact", "Compact"]], density, (value) => { setDensity(value); app.tell(); })),
  ];
}

/** @param {App} app */
export function notifications(app) {
  if (!("Notification" in window)) return h("p", { class: "hint" }, "This browser has no desktop notifications.");
  const state = Notification.permission;
  if (state === "granted") return line("Notifications", "Reminders appear on the desktop while this page is open in the background. Your browser's settings of this site end that.", h("span", { class: "chip" }, "On"));
  if (state === "denied") return line("Notifications", "You have told this browser not to show any of this site; its settings of this site change that.", h("span", { class: "chip" }, "Off"));
  return line("Notifications", "Reminders then appear on the desktop while this page is open in the background.",
    h("button", { type: "button", class: "button", onclick: () => void Notification.requestPermission().then(() => app.tell()) }, "Allow notifications"));
}

/** @param {App} app */
export function identity(app) {
  if (session.token) {
    return line(`Signed in as ${app.store.user}`, "With a token, which this tab alone keeps.", h("button", { type: "button", class: "button", onclick: () => app.openDialog("sign-out") }, "Sign out"));
  }
  return [
    h("p", { class: "hint" }, "This server asks nobody who they are. Under which name you work is up to you; what you do is recorded under it."),
    h("form", { class: "row bottom", onsubmit: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("actor")).trim();
      if (!name || name === app.store.user) return;
      session.actor = name;
      location.assign("/");
    } },
      h("label", { class: "labelled" }, "Your name", h("input", { class: "field", name: "actor", value: app.store.user, required: true, maxLength: 128, pattern: "[A-Za-z0-9._@+:\\|\\-]{1,128}", title: "Letters, digits, and . _ @ + : | -", autocomplete: "off", autocapitalize: "off", spellcheck: false })),
      h("button", { class: "button", type: "submit" }, "Work under this name")),
  ];
}

/** What is kept, as far as the browser tells. @type {{used: number} | null} */
let estimate = null;
let asking = false;

/** @param {number} bytes */
function sayBytes(bytes) {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1_000)).toLocaleString()} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {App} app */
export function stored(app) {
  if (!estimate && !asking && navigator.storage?.estimate) {
    asking = true;
    void navigator.storage.estimate().then(({ usage = 0 }) => { estimate = { used: usage }; app.tell(); });
  }
  const { tasks, projects } = app.store.entities;
  return [
    line("Kept for working offline", app.storage ? `${counted(tasks.size, "task")} and ${counted(projects.size, "project")} of this workspace${estimate?.used ? `; ${sayBytes(estimate.used)} in all` : ""}.` : "This browser keeps nothing (a private window, perhaps): the page works, but not without a network.",
      app.storage ? h("button", { type: "button", class: "button", onclick: () => app.openDialog("forget") }, "Clear") : null),
  ];
}

/** Forgets what this device keeps of the workspace, but not what waits to be sent. @param {App} app */
async function forget(app) {
  await app.storage?.forget([app.store.user, app.route.workspace]);
  estimate = null;
  asking = false;
}

dialog("forget", (app) => {
  const waiting = app.store.waiting.length;
  return [
    dialogHead(app, "Clear what this device keeps?"),
    h("p", null, "The tasks of this workspace are removed from this device and fetched again from the server. Nothing is lost on the server."),
    waiting ? h("p", null, `${waiting === 1 ? "1 change that was" : `${waiting} changes that were`} not sent yet ${waiting === 1 ? "is" : "are"} kept.`) : null,
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button", onclick: () => app.closeDialog() }, "Cancel"),
      h("button", { type: "button", class: "button danger", onclick: () => {
        app.closeDialog();
        void forget(app).then(() => app.open(app.route.workspace)).then(() => app.notices.say("Cleared, and fetched again"));
      } }, "Clear")),
  ];
});

dialog("sign-out", (app) => {
  const waiting = app.store.waiting.length;
  const leave = async (/** @type {boolean} */ clear) => {
    app.closeDialog();
    if (clear) await forget(app);
    session.token = "";
    location.assign("/");
  };
  return [
    dialogHead(app, "Sign out?"),
    h("p", null, waiting ? `${waiting === 1 ? "1 change was" : `${waiting} changes were`} not sent yet; ${waiting === 1 ? "it waits" : "they wait"} on this device until you sign in again.` : "Everything you did has been saved."),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button", onclick: () => void leave(true) }, "Sign out and clear this device"),
      h("button", { type: "button", class: "button primary", onclick: () => void leave(false) }, "Sign out")),
  ];
});

/** @param {number} count @param {string} thing */
function counted(count, thing) {
  return `${count.toLocaleString()} ${thing}${count === 1 ? "" : "s"}`;
}
