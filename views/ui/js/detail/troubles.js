/** What was refused, or met with a change of somebody else, shown at what it is about. */

import { trouble } from "../dialogs/outbox.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../net/outbox.js").Waiting} Waiting */

/** Where a command's trouble is shown: a field, a part of the task, or blank for the top. @param {Waiting} one */
function placeOf(one) {
  const { type, id: _id, task: _task, ...fields } = one.command;
  const names = Object.keys(fields).filter((name) => name !== "expected_version");
  if (type === "EditTask") return names.length === 1 ? names[0] : "";
  if (type === "LabelTask") return "labels";
  if (type === "AssignTask") return "assignees";
  if (type === "PostponeTask") return "due";
  if (/^(Start|Complete|Cancel|Reopen|Skip)Task$/.test(type)) return "status";
  if (/Comment/.test(type)) return "comments";
  if (/Checklist/.test(type)) return "checklist";
  if (/Reminder/.test(type)) return "reminders";
  if (/Link|Unlink/.test(type)) return "links";
  return "";
}

/** Every field and part that shows its own. */
const PLACES = new Set(["title", "description", "status", "priority", "due", "start", "labels", "assignees", "estimate_minutes", "comments", "checklist", "reminders", "links"]);

/** @param {App} app @param {string} task */
function all(app, task) {
  return app.store.waitingFor(task).filter((one) => one.state === "refused" || one.state === "conflict");
}

/** Those of one place. @param {App} app @param {string} task @param {string} place */
export function troublesOf(app, task, place) {
  return all(app, task).filter((one) => placeOf(one) === place).map((one) => trouble(app, one));
}

/** Those that have no place of their own; undos are shown in the history. @param {App} app @param {string} task */
export function otherTroubles(app, task) {
  return all(app, task).filter((one) => !PLACES.has(placeOf(one)) && !(one.command.type === "Undo" && app.dialog?.name === "history")).map((one) => trouble(app, one));
}
