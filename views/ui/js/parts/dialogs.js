/** Dialogs, by name. Each is opened with what it is about; Escape and a click outside close it. */

import { h } from "../lib/dom.js";
import { icon } from "./icon.js";
import { notices } from "./shell.js";
import "./choose-list.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../lib/dom.js").Content} Content */

/** @type {Map<string, (app: App, about: any) => Content>} */
const DIALOGS = new Map();

/** Makes a dialog known. @param {string} name @param {(app: App, about: any) => Content} view */
export function dialog(name, view) {
  DIALOGS.set(name, view);
}

/** True if there is a dialog of that name. @param {string} name */
export function known(name) {
  return DIALOGS.has(name);
}

/** What had the focus before a dialog was opened, and has it again afterwards. @type {HTMLElement | null} */
let opener = null;

/** The dialog that is open, if one is. @param {App} app */
export function openDialog(app) {
  const found = app.dialog && DIALOGS.get(app.dialog.name);
  if (!app.dialog || !found) {
    const before = opener;
    opener = null;
    if (before) queueMicrotask(() => before.isConnected && document.activeElement === document.body && before.focus({ preventScroll: true }));
    return null;
  }
  opener ??= /** @type {HTMLElement | null} */ (document.activeElement);
  return h("dialog", {
    key: app.dialog.name, class: `dialog ${app.dialog.name}`, "aria-labelledby": "dialog-title",
    oncancel: (/** @type {Event} */ event) => {
      event.preventDefault();
      app.closeDialog();
    },
    onmousedown: (/** @type {MouseEvent} */ event) => {
      const dialog = /** @type {HTMLElement} */ (event.currentTarget);
      const box = dialog.getBoundingClientRect();
      const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
      if (event.target === dialog && outside) app.closeDialog();
    },
    hook: (/** @type {HTMLDialogElement} */ element) => queueMicrotask(() => element.isConnected && element.showModal()),
  }, found(app, app.dialog.about), notices(app)); // what is outside of it is covered, and cannot be reached
}

/** The head of a dialog. @param {App} app @param {string} title @param {string} [text] */
export function dialogHead(app, title, text) {
  return h("header", { class: "dialog-head" },
    h("div", { class: "grow" }, h("h2", { id: "dialog-title" }, title), text ? h("p", { class: "subtitle" }, text) : null),
    h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => app.closeDialog() }, icon("close")));
}

/** A list to choose from by typing. @param {import("./choose-list.js").Given} given */
export function chooser(given) {
  return h("choose-list", { given });
}
