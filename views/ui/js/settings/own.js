/** What the person wants of reminders, wherever they are; and the address of their calendar. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { fetched } from "../model/fetched.js";
import { get, request } from "../net/api.js";
import { sayTrigger } from "../model/saying.js";
import { icon } from "../parts/icon.js";
import { copy, hourOptions, line, zoneField } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/**
 * @typedef {{channel: string, kind: string, leads_to: string, disabled: string | null, failing_since: string | null, confirmed?: boolean, secret?: string | null}} Channel
 * @typedef {{user: string, zone: string | null, reminder_hour: number | null, quiet_hours: {from: string, to: string} | null, channels: string[], default_reminders: {before: string, of?: string}[], own_channels: Channel[]}} Own
 */

/** The preferences, as they are now. @param {App} app @returns {import("../model/fetched.js").Fetched<Own>} */
export function preferencesOf(app) {
  const last = app.recent.findLast((event) => /^(Preferences|Channel)/.test(event.type) && event.data?.user === app.store.user)?.position;
  return fetched(app, "preferences", String(last), (signal) => get(`/workspaces/${app.route.workspace}/preferences`, { min_position: last }, signal));
}

/** The addresses of the person's calendar. @param {App} app @returns {import("../model/fetched.js").Fetched<{todos: string, events: string}>} */
function addressesOf(app) {
  return fetched(app, "calendar-token", "", (signal) => get(`/workspaces/${app.route.workspace}/calendar-token`, {}, signal));
}

/** What is shown while something is not here. @param {import("../model/fetched.js").Fetched<any>} found */
export function absent({ error, again }) {
  if (!error) return h("p", { class: "hint", "aria-busy": "true" }, "Just a moment…");
  return h("div", { class: "row" }, h("p", { class: "hint" }, error.message), h("button", { type: "button", class: "button", onclick: again }, "Try again"));
}

/** @param {App} app @param {Record<string, any>} fields @param {string} said */
async function set(app, fields, said) {
  const outcome = await app.send({ type: "SetPreferences", ...fields }, { said });
  if (outcome?.status === "refused") app.tell();
  return outcome?.status === "accepted";
}

const BEFORE = [["PT0M", "When it is due"], ["PT10M", "10 minutes before"], ["PT30M", "30 minutes before"], ["PT1H", "1 hour before"], ["PT3H", "3 hours before"], ["P1D", "1 day before"], ["P7D", "1 week before"]];

/** @param {App} app */
export function preferences(app) {
  const found = preferencesOf(app);
  const mine = found.value;
  if (!mine) return absent(found);
  const quiet = mine.quiet_hours;
  const setQuiet = (/** @type {Event} */ event) => {
    const form = /** @type {HTMLElement} */ (event.target).closest("fieldset");
    const [from, to] = [...(form?.querySelectorAll("input[type=time]") ?? [])].map((one) => /** @type {HTMLInputElement} */ (one).value);
    if (from && to) void set(app, { quiet_hours: { from, to } }, `Quiet from ${from} to ${to}`);
  };
  return [
    line("Time zone", `Where your days begin and end. Blank: as the workspace, ${app.store.workspace?.time_zone ?? "UTC"}.`,
      zoneField("Your time zone", mine.zone ?? "", { placeholder: "As the workspace", onchange: async (/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        const zone = input.value.trim() || null;
        if (!(await set(app, { zone }, zone ? `Your time zone is ${zone}` : "Your time zone is the workspace's"))) input.value = mine.zone ?? "";
      } })),
    line("Reminders of a day count from", "For tasks that are due on a day without a time.",
      h("select", { class: "field", "aria-label": "Hour that reminders of a day count from", value: mine.reminder_hour === null ? "" : String(mine.reminder_hour), onchange: (/** @type {Event} */ event) => {
        const { value } = /** @type {HTMLSelectElement} */ (event.target);
        void set(app, { reminder_hour: value === "" ? null : Number(value) }, "Changed the hour of your reminders");
      } }, hourOptions(mine.reminder_hour, "As the workspace"))),
    h("fieldset", { class: "setting-line" }, h("div", { class: "grow" }, h("legend", { class: "setting-name" }, "Quiet hours"), h("p", { class: "hint" }, "Meanwhile reminders show on this page only; elsewhere they come when the quiet is over.")),
      h("div", { class: "setting-control row" },
        quiet
          ? [h("input", { class: "field time", key: "from", type: "time", "aria-label": "Quiet from", value: quiet.from, onchange: setQuiet }), "to", h("input", { class: "field time", key: "to", type: "time", "aria-label": "Quiet until", value: quiet.to, onchange: setQuiet }),
            h("button", { type: "button", class: "button", key: "none", onclick: () => void set(app, { quiet_hours: null }, "No quiet hours") }, "None")]
          : h("button", { type: "button", class: "button", onclick: () => void set(app, { quiet_hours: { from: "22:00", to: "07:00" } }, "Quiet from 22:00 to 07:00") }, "Be quiet at night"))),
    h("div", { class: "setting-line" }, h("div", { class: "grow" }, h("p", { class: "setting-name", id: "default-reminders" }, "New tasks remind you"), h("p", { class: "hint" }, "Of tasks with a due date that are yours.")),
      h("div", { class: "setting-control row", role: "group", "aria-labelledby": "default-reminders" },
        mine.default_reminders.map((one, index) => h("span", { class: "builder-chip set", key: `${one.before} ${one.of}` }, h("span", { class: "builder-button" }, icon("bell"), sayTrigger(/** @type {any} */ (one))),
          h("button", { type: "button", class: "builder-clear", "aria-label": `Not ${sayTrigger(/** @type {any} */ (one))}`, onclick: () => void set(app, { default_reminders: mine.default_reminders.filter((_, at) => at !== index) }, "Changed the reminders of new tasks") }, icon("close")))),
        h("select", { class: "field", "aria-label": "Add a reminder of new tasks", value: "", onchange: (/** @type {Event} */ event) => {
          const select = /** @type {HTMLSelectElement} */ (event.target);
          const before = select.value;
          select.value = "";
          if (before) void set(app, { default_reminders: [...mine.default_reminders, { before, of: "due" }] }, "Changed the reminders of new tasks");
        } }, h("option", { value: "" }, mine.default_reminders.length ? "Add another…" : "Not by themselves"), BEFORE.filter(([before]) => !mine.default_reminders.some((one) => one.before === before)).map(([before, words]) => h("option", { key: before, value: before }, words))))),
  ];
}

/** @param {App} app */
export function calendar(app) {
  const found = addressesOf(app);
  if (!found.value) return absent(found);
  const address = (/** @type {string} */ name, /** @type {string} */ hint, /** @type {string} */ value) => h("div", { class: "address", key: name },
    h("label", { class: "labelled grow" }, name, h("input", { class: "field mono", readOnly: true, value, onfocus: (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).select() }), h("span", { class: "hint" }, hint)),
    h("button", { type: "button", class: "button", "aria-label": `Copy the address: ${name}`, onclick: () => void copy(app, value, "the address") }, "Copy"));
  return [
    h("p", { class: "hint" }, "Subscribe to one of these addresses in your calendar program to see your tasks there. Whoever has an address can read this workspace's tasks: keep it to yourself."),
    address("As to-dos", "For programs that show tasks, such as Thunderbird or Apple Reminders", found.value.todos),
    address("As events", "For programs that only show events, such as Google Calendar", found.value.events),
    h("div", { class: "row" }, h("button", { type: "button", class: "button danger", onclick: async () => {
      try {
        found.put(await request("POST", `/workspaces/${app.route.workspace}/calendar-token`, { headers: { "Idempotency-Key": uuid() } }));
        app.notices.say("These are new addresses; the former ones do not work any more.");
      } catch (error) {
        app.notices.say(/** @type {Error} */ (error).message, undefined, "error");
      }
    } }, "Make new addresses"), h("span", { class: "hint" }, "The former ones stop working at once.")),
  ];
}
