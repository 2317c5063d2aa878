/** Settings: of the workspace, of oneself, and of this device. */

import { h } from "../lib/dom.js";
import { pageHead } from "../parts/shell.js";
import { appearance, identity, notifications, stored } from "./device.js";
import { calendar, preferences } from "./own.js";
import { channels } from "./channels.js";
import { workspace } from "./workspace.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {(app: App) => import("../lib/dom.js").Content} Section */

/** @type {[string, string, Section][]} */
const SECTIONS = [
  ["appearance", "Appearance", appearance], ["reminders", "Your reminders", preferences], ["channels", "Where reminders go", channels], ["calendar", "Calendar feed", calendar],
  ["workspace", "Workspace", workspace], ["you", "Who you are", identity], ["notifications", "On this desktop", notifications], ["device", "On this device", stored],
];

/** @param {App} app */
export function settings(app) {
  return [
    pageHead(app, { title: "Settings" }),
    h("div", { class: "page-body settings", key: "body" },
      h("nav", { class: "settings-nav", "aria-label": "Settings" }, SECTIONS.map(([id, name]) =>
        h("a", { key: id, class: "nav-item", href: `#${id}`, onclick: (/** @type {Event} */ event) => {
          event.preventDefault();
          const section = document.getElementById(id);
          section?.scrollIntoView({ block: "start" });
          section?.focus({ preventScroll: true });
        } }, name))),
      h("div", { class: "settings-list" }, SECTIONS.map(([id, name, section]) =>
        h("section", { key: id, id, class: "setting", tabIndex: -1, "aria-labelledby": `${id}-head` }, h("h2", { id: `${id}-head` }, name), section(app))))),
  ];
}
