/** Others at this task: who looks at it, and who writes where, as they write. */

import { h } from "../lib/dom.js";
import { colourOf } from "../model/presence.js";
import { avatar } from "../parts/avatar.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Here} Here */

/** Everybody else who looks at the task. @param {App} app @param {string} task */
export function lookers(app, task) {
  const users = [...new Set(app.presence.on(task).map((one) => one.user))];
  return h("span", { class: "lookers", role: "group", "aria-label": "Also looking at this task" }, users.slice(0, 4).map((user) => h("span", { key: user }, avatar(user, `${user} is looking at this`))));
}

/** Who writes in a field, with what they write. @param {App} app @param {string} task @param {string} field @param {string} value what is saved */
export function writers(app, task, field, value) {
  return app.presence.writers(task, field).map((one) => writer(one, value));
}

/** @param {Here} one @param {string} value */
function writer(one, value) {
  const { text, selection } = one.where ?? {};
  const changed = text !== undefined && text !== value;
  return h("div", { class: `writer person-${colourOf(one.user)}`, key: `writer ${one.client}` },
    h("span", { class: "writer-name" }, changed ? `${one.user} is writing` : `${one.user} is in this field`),
    changed ? h("p", { class: "writer-text" }, caret(text ?? "", selection?.[1])) : null);
}

/** Characters that are shown before and after a caret. */
const AROUND = 400;

/** @param {string} text @param {number} [at] @returns {import("../lib/dom.js").Content[]} */
function caret(text, at) {
  if (at === undefined || at > text.length) return [text.slice(0, 2 * AROUND)];
  const start = Math.max(0, at - AROUND);
  return [start ? "…" : "", text.slice(start, at), h("span", { class: "caret", "aria-hidden": "true" }), text.slice(at, at + AROUND), at + AROUND < text.length ? "…" : ""];
}

/** Characters of one's own text that are told to others, round the caret. */
const TOLD = 1_900;

/** Tells others what is written. @param {App} app @param {string} task @param {string} field @param {HTMLTextAreaElement | HTMLInputElement} element */
export function tellWriting(app, task, field, element) {
  const { value } = element;
  const [from, to] = [element.selectionStart ?? value.length, element.selectionEnd ?? value.length];
  const start = value.length > TOLD ? Math.max(0, Math.min(from - TOLD / 2, value.length - TOLD)) : 0;
  const within = (/** @type {number} */ at) => Math.max(0, Math.min(TOLD, at - start));
  app.presence.writing(task, field, value.slice(start, start + TOLD), [within(from), within(to)]);
}
