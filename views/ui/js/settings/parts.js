/** What settings are made of. */

import { h } from "../lib/dom.js";

/** @typedef {import("../lib/dom.js").Content} Content */

/** Zones that this browser knows. */
export const ZONES = /** @type {string[]} */ (/** @type {any} */ (Intl).supportedValuesOf?.("timeZone") ?? ["UTC"]);

/** A line: what it is, a hint, and its control. @param {string} name @param {Content} hint @param {Content} control */
export function line(name, hint, control) {
  return h("div", { class: "setting-line" }, h("div", { class: "grow" }, h("p", { class: "setting-name" }, name), hint ? h("p", { class: "hint" }, hint) : null), h("div", { class: "setting-control" }, control));
}

/** One of a few. @param {string} name @param {readonly [string, string][]} choices @param {string} chosen @param {(value: string) => void} choose */
export function segments(name, choices, chosen, choose) {
  return h("div", { class: "segments words", role: "group", "aria-label": name }, choices.map(([value, words]) =>
    h("button", { key: value, type: "button", class: "segment", "aria-pressed": String(value === chosen), onclick: () => choose(value) }, words)));
}

/** A field for a time zone, with those that the browser knows. @param {string} label @param {string} value @param {Record<string, any>} props */
export function zoneField(label, value, props) {
  const id = `zones-${label.replaceAll(" ", "-").toLowerCase()}`;
  return [
    h("input", { class: "field", type: "text", value, autocomplete: "off", spellcheck: false, "aria-label": label, hook: (/** @type {HTMLInputElement} */ input) => input.setAttribute("list", id), ...props }),
    h("datalist", { id }, ZONES.map((zone) => h("option", { key: zone, value: zone }))),
  ];
}

/** An hour of the day, as it is read. @param {number} hour */
export function sayHour(hour) {
  return hour === 0 ? "00:00 (midnight)" : `${String(hour).padStart(2, "0")}:00`;
}

/** Hours to choose from. @param {number | null} value @param {string | null} none what no hour means; null: there is always one */
export function hourOptions(value, none) {
  return [
    none === null ? null : h("option", { key: "none", value: "", selected: value === null }, none),
    Array.from({ length: 24 }, (_, hour) => h("option", { key: hour, value: String(hour), selected: hour === value }, sayHour(hour))),
  ];
}

/** Copies a text and says so. @param {import("../app.js").App} app @param {string} text @param {string} what */
export async function copy(app, text, what) {
  try {
    await navigator.clipboard.writeText(text);
    app.notices.say(`Copied ${what}`);
  } catch {
    app.notices.say("This browser does not let the page copy; select the text and copy it yourself.", undefined, "error");
  }
}
