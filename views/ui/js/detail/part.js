/** What the parts of a task's view have in common. */

import { h } from "../lib/dom.js";

/** Opens another task in the place of this one. @param {import("../app.js").App} app @param {string} id */
export function openFromHere(app, id) {
  app.cursor = id;
  app.openTask(id, { enter: true });
}

/** The head of a part. @param {string} name @param {string} [count] @param {import("../lib/dom.js").Content} [actions] */
export function partHead(name, count = "", actions = null) {
  return h("div", { class: "part-head" }, h("h3", null, name), count ? h("span", { class: "count" }, count) : null, h("span", { class: "grow" }), actions);
}
