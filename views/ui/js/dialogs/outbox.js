/** What is on its way, and what came back: refusals with their reason, conflicts with both sides to choose from. */

import { h } from "../lib/dom.js";
import { sayAgo } from "../lib/time.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { icon } from "../parts/icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../net/outbox.js").Waiting} Waiting */

/** A command in words. @param {App} app @param {Waiting} one */
export function said(app, one) {
  const words = one.command.type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const title = app.store.task(one.command.task)?.title ?? one.command.title ?? one.command.name ?? "";
  return `${words[0].toUpperCase()}${words.slice(1)}${title ? ` “${title}”` : ""}`;
}

/** A value as people read it. @param {any} value */
export function plain(value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return "nothing";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") return value.date ?? value.local?.replace("T", " ") ?? JSON.stringify(value);
  return String(value);
}

/** One that needs a person: what was refused and why, or what two people changed at once. @param {App} app @param {Waiting} one */
export function trouble(app, one) {
  const outbox = /** @type {import("../net/outbox.js").Outbox} */ (app.outbox);
  if (one.state === "conflict") {
    return h("div", { class: "trouble-box", key: one.id, role: "alert" },
      h("p", null, h("strong", null, "Somebody else changed this while you did. "), "Nothing was overwritten; choose what stays."),
      h("dl", { class: "sides" }, Object.entries(one.theirs ?? {}).map(([field, theirs]) => [
        h("dt", { key: `${field} name` }, field.replaceAll("_", " ")),
        h("dd", { key: field }, h("div", { class: "side" }, h("span", { class: "hint" }, "Theirs"), plain(theirs)), h("div", { class: "side mine" }, h("span", { class: "hint" }, "Yours"), plain(one.command[field]))),
      ])),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "button", onclick: () => void outbox.drop(one.id) }, "Keep theirs"),
        h("button", { type: "button", class: "button primary", onclick: () => void outbox.insist(one.id) }, "Use mine")));
  }
  return h("div", { class: "trouble-box", key: one.id, role: "alert" },
    h("p", null, h("strong", null, `${said(app, one)} was refused. `), one.problem?.detail ?? "", (one.problem?.errors ?? []).map((error) => ` ${error.detail}`)),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button", onclick: () => void outbox.drop(one.id) }, "Give it up"),
      h("button", { type: "button", class: "button", onclick: () => void outbox.insist(one.id) }, "Try again")));
}

dialog("outbox", (app) => {
  const waiting = app.store.waiting.filter((one) => one.state === "waiting" || one.state === "sent");
  const troubles = app.store.waiting.filter((one) => one.state === "refused" || one.state === "conflict");
  return [
    dialogHead(app, "On its way"),
    troubles.length || waiting.length ? null : h("p", { class: "quiet-text" }, icon("check"), " Everything you did has been saved."),
    troubles.map((one) => trouble(app, one)),
    waiting.length ? h("ul", { class: "plain-list" }, waiting.map((one) => h("li", { key: one.id, class: "row" }, icon("clock"), h("span", { class: "grow" }, said(app, one)), h("span", { class: "hint" }, sayAgo(one.at))))) : null,
  ];
});
