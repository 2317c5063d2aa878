/** The comments of a task: read over HTTP when it is opened, then live; written, changed and deleted where they stand. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { markdown } from "../lib/markdown.js";
import { sayAgo, sayInstant } from "../lib/time.js";
import { avatar } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { reading } from "./reading.js";
import { partHead } from "./part.js";
import { troublesOf } from "./troubles.js";
import { writing } from "./writing.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Comment} Comment */

/** @param {App} app @param {Task} task */
export function comments(app, task) {
  const all = app.store.comments(task.id);
  const state = reading(app, task.id);
  return h("section", { class: "detail-part comments", key: "comments", "aria-label": "Comments" },
    partHead("Comments", all.length ? String(all.length) : ""),
    state.state === "loading" && !all.length ? h("p", { class: "hint" }, "Loading…") : null,
    state.state === "failed" ? h("p", { class: "hint" }, app.feed?.state === "live" ? `${state.trouble} ` : "You are offline: these may not be all. ",
      h("button", { type: "button", class: "button quiet", onclick: () => state.again() }, "Try again")) : null,
    h("ol", { class: "comment-list" }, all.map((one) => comment(app, task, one))),
    troublesOf(app, task.id, "comments"),
    app.may("commenter") && !app.store.inTrash(task) ? writing({
      app, task: task.id, name: "new-comment", value: "", label: "Write a comment", placeholder: "Write a comment", shape: "new", button: "Comment", rows: 1, may: true, required: true,
      save: (body) => void app.send({ type: "AddComment", task: task.id, comment: uuid(), body }, app.feed?.state === "live" ? {} : { said: "Commented" }),
    }) : null);
}

/** Comments that are being changed. @type {Set<string>} */
const changing = new Set();

/** @param {App} app @param {Task} task @param {Comment} one */
function comment(app, task, one) {
  const own = one.author === app.store.user;
  const may = (own && app.may("commenter")) || app.may("admin");
  const waits = app.store.waitingFor(task.id).some((each) => each.command.comment === one.id && (each.state === "waiting" || each.state === "sent"));
  const begin = (/** @type {Event} */ event) => {
    const item = /** @type {HTMLElement} */ (event.currentTarget).closest("li");
    changing.add(one.id);
    app.tell();
    /** @type {any} */ (item?.querySelector("writing-field"))?.edit();
  };
  return h("li", { key: one.id, class: `comment${waits ? " waiting" : ""}` },
    avatar(one.author),
    h("div", { class: "grow" },
      h("div", { class: "comment-head" }, h("strong", null, one.author), h("time", { class: "hint", dateTime: one.created_at, title: sayInstant(one.created_at) }, sayAgo(one.created_at)),
        one.edited_at ? h("span", { class: "hint", title: sayInstant(one.edited_at) }, "edited") : null, waits ? h("span", { class: "hint" }, "to be sent") : null, h("span", { class: "grow" }),
        may ? h("span", { class: "comment-actions" },
          own ? h("button", { type: "button", class: "icon-button small", "aria-label": "Change the comment", title: "Change", onclick: begin }, icon("pencil")) : null,
          h("button", { type: "button", class: "icon-button small", "aria-label": "Delete the comment", title: "Delete", onclick: () => void app.send({ type: "RemoveComment", task: task.id, comment: one.id }, { said: "Deleted a comment" }) }, icon("trash"))) : null),
      own && may
        ? writing({ app, task: task.id, name: `m/${one.id}`, value: one.body, label: "Comment", shape: "text", may: true, required: true, rows: 2, save: (body) => void app.send({ type: "EditComment", task: task.id, comment: one.id, body }, { said: "Changed the comment" }) }, one.id)
        : h("div", { class: "md" }, markdown(one.body))));
}
