/** Settings of the workspace, for all of its members. */

import { h } from "../lib/dom.js";
import { hourOptions, zoneField } from "./parts.js";

/** @typedef {import("../app.js").App} App */

const CATCH_UP = [["PT1H", "1 hour"], ["PT12H", "12 hours"], ["P1D", "1 day"], ["P3D", "3 days"], ["P7D", "7 days"]];

/** What was wrong with what was given last, by field. @type {Record<string, string>} */
let wrong = {};

/** @param {App} app */
export function workspace(app) {
  const row = /** @type {any} */ (app.store.workspace ?? {});
  const disabled = !app.may("admin");
  const problem = (/** @type {string} */ field) => (wrong[field] ? h("p", { class: "error-text", role: "alert" }, wrong[field]) : null);
  return h("form", { class: "stack", key: `workspace ${row.version}`, onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    /** @type {Record<string, any>} */
    const wanted = { name: String(given.get("name")).trim(), time_zone: String(given.get("time_zone")).trim(), reminder_hour: Number(given.get("reminder_hour")) };
    if (given.has("catch_up")) wanted.catch_up = String(given.get("catch_up"));
    const changes = Object.fromEntries(Object.entries(wanted).filter(([field, value]) => value !== (field === "reminder_hour" ? (row[field] ?? 0) : row[field])));
    wrong = {};
    if (!Object.keys(changes).length) return app.notices.say("Nothing was changed.");
    const outcome = await app.send({ type: "EditWorkspace", ...changes }, { said: "Changed the workspace" });
    wrong = Object.fromEntries((outcome?.problem?.errors ?? []).map((one) => [one.pointer.slice(1), one.detail]));
    app.tell();
  } },
    disabled ? h("p", { class: "hint" }, "Admins and owners change these.") : null,
    h("label", { class: "labelled" }, "Name", h("input", { class: "field", name: "name", value: row.name ?? "", required: true, maxLength: 200, disabled })), problem("name"),
    h("label", { class: "labelled" }, "Time zone", zoneField("Time zone of the workspace", row.time_zone ?? "", { name: "time_zone", required: true, disabled }), h("span", { class: "hint" }, "Where days begin and end for everybody who has set none of their own.")), problem("time_zone"),
    h("label", { class: "labelled" }, "Reminders of a day count from", h("select", { class: "field", name: "reminder_hour", disabled }, hourOptions(row.reminder_hour ?? 0, null)), h("span", { class: "hint" }, "For tasks that are due on a day without a time, and members who have set no hour of their own.")), problem("reminder_hour"),
    "catch_up" in row ? h("label", { class: "labelled" }, "After an outage, reminders still come that are late by at most",
      h("select", { class: "field", name: "catch_up", disabled }, CATCH_UP.map(([value, name]) => h("option", { key: value, value, selected: value === row.catch_up }, name)), CATCH_UP.some(([value]) => value === row.catch_up) ? null : h("option", { key: "own", value: row.catch_up, selected: true }, row.catch_up))) : null, problem("catch_up"),
    disabled ? null : h("div", null, h("button", { class: "button primary", type: "submit" }, "Save")));
}
