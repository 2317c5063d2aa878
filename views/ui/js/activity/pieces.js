/** What happened, shown: sentences with links, and the change behind each. */

import { h } from "../lib/dom.js";
import { sentence } from "../model/sentences.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Entry} Entry */

/** The pieces of a sentence, each as what it is. @param {App} app @param {readonly import("../model/sentences.js").Piece[]} pieces */
function shownPieces(app, pieces) {
  return pieces.map((one, index) => {
    if (typeof one === "string") return one;
    if (one.is === "task" && one.id) {
      const { id } = one;
      return h("button", { type: "button", class: "said-link", key: index, onclick: () => app.openTask(id) }, one.text);
    }
    if (one.is === "project" && one.id) {
      const to = app.to("project", one.id);
      return h("a", { class: "said-link", key: index, href: to, onclick: (/** @type {MouseEvent} */ event) => {
        event.preventDefault();
        app.go(to);
      } }, one.text);
    }
    return h(one.is === "was" ? "span" : "strong", { class: `said-${one.is}`, key: index }, one.is === "was" ? `(${one.text})` : one.text);
  });
}

/** An entry as a sentence. @param {App} app @param {Entry} entry */
export function said(app, entry) {
  return shownPieces(app, sentence(entry, app.store));
}
