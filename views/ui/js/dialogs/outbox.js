/** What is on its way, and what came back: refusals with their reason, conflicts with both sides to choose from. */

import { h } from "../lib/dom.js";
import { sayAgo } from "../lib/time.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { icon } from "../parts/icon.js";
import { sayProblem } from "../model/saying.js";
import { fieldName, sayValue } from "../model/values.js";
import { differences, inTheWay } from "../parts/changes.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../net/outbox.js").Waiting} Waiting */

/** Commands in words. @type {Record<string, string>} */
const WORDS = {
  CreateTask: "Add", EditTask: "Change", MoveTask: "Move", StartTask: "Start", CompleteTask: "Complete", CancelTask: "Cancel", ReopenTask: "Open again",
  SkipTask: "Skip", PostponeTask: "Put off", TrashTask: "Move to the trash", RestoreTask: "Take out of the trash", AssignTask: "Assign", LabelTask: "Label",
  LinkTask: "Link", UnlinkTask: "Unlink", AddChecklistItem: "Add to the checklist of", EditChecklistItem: "Change the checklist of",
  RemoveChecklistItem: "Take something off the checklist of", AddComment: "Comment on", EditComment: "Change a comment on", RemoveComment: "Delete a comment on",
  AddReminder: "Set a reminder for", RemoveReminder: "Remove a reminder of", Undo: "Undo a step of",
};

/** A command in words. @param {App} app @param {Waiting} one */
export function said(app, one) {
  const { type, task, title: given, name, body } = one.command;
  const words = WORDS[type] ?? type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const title = app.store.task(task)?.title ?? given ?? name ?? body ?? "";
  return `${words[0].toUpperCase()}${words.slice(1)}${title ? ` “${title}”` : ""}`;
}

/** Both sides of a conflict: texts with what each of the two has changed. @param {App} app @param {Waiting} one @param {string} field */
function sides(app, one, field) {
  const [base, theirs, own] = [one.base?.[field], one.theirs?.[field], one.command[field]];
  const texts = typeof theirs === "string" && typeof own === "string" && (field === "title" || field === "description");
  const show = (/** @type {any} */ value) => (texts ? differences(base ?? "", value) : sayValue(app, field, value) || "nothing");
  const side = (/** @type {string} */ name, /** @type {string} */ tone, /** @type {any} */ value) => h("div", { class: `side ${tone}` }, h("span", { class: "hint" }, name), show(value));
  return [h("dt", { key: `${field} name` }, fieldName(field)), h("dd", { key: field }, side("Theirs", "", theirs), side("Yours", "mine", own))];
}

/** One that needs a person: what was refused and why, or what two people changed at once. @param {App} app @param {Waiting} one */
export function trouble(app, one) {
  const outbox = /** @type {import("../net/outbox.js").Outbox} */ (app.outbox);
  if (one.state === "conflict") {
    const fields = Object.keys(one.theirs ?? {});
    const by = app.recent.findLast((event) => event.task === one.command.task && event.data?.after && fields.some((field) => field in event.data.after))?.actor;
    return h("div", { class: "trouble-box", key: one.id, role: "alert" },
      h("p", null, h("strong", null, `${by ?? "Somebody else"} changed this while you did. `), "Nothing was overwritten; choose what stays."),
      h("dl", { class: "sides" }, fields.map((field) => sides(app, one, field))),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "button", onclick: () => void outbox.drop(one.id) }, "Keep theirs"),
        h("button", { type: "button", class: "button primary", onclick: () => void outbox.insist(one.id) }, "Use mine")));
  }
  const text = one.command.body ?? one.command.description ?? one.command.title;
  return h("div", { class: "trouble-box", key: one.id, role: "alert" },
    h("p", null, h("strong", null, `${said(app, one)} was refused. `), sayProblem(one.problem), (one.problem?.errors ?? []).filter((error) => !one.problem?.detail?.includes(error.detail)).map((error) => ` ${error.detail}`)),
    typeof text === "string" && text ? h("div", { class: "sides" }, h("div", { class: "side mine" }, h("span", { class: "hint" }, "What you wrote"), text)) : null,
    one.problem?.conflicts?.length ? [h("p", { key: "since" }, "Since then:"), inTheWay(app, one.problem.conflicts)] : null,
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button", onclick: () => void outbox.drop(one.id) }, "Give it up"),
      h("button", { type: "button", class: "button", onclick: () => void outbox.insist(one.id) }, "Try again")));
}

dialog("outbox", (app) => {
  const waiting = app.store.waiting.filter((one) => one.state === "waiting" || one.state === "sent");
  const troubles = app.store.waiting.filter((one) => one.state === "refused" || one.state === "conflict");
  return [
    dialogHead(app, troubles.length ? "To look at" : "On its way"),
    troubles.length || waiting.length ? null : h("p", { class: "quiet-text" }, icon("check"), " Everything you did has been saved."),
    troubles.map((one) => trouble(app, one)),
    waiting.length ? h("ul", { class: "plain-list" }, waiting.map((one) => h("li", { key: one.id, class: "row" }, icon("clock"), h("span", { class: "grow" }, said(app, one)), h("span", { class: "hint" }, sayAgo(one.at))))) : null,
  ];
});
