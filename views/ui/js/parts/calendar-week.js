/** A week: its days with their hours, and what has no time, or takes days, above them. Days of 23 and 25 hours show it. */

import { h } from "../lib/dom.js";
import { addDays, sayFullDay, today, wallTime } from "../lib/time.js";
import { clock, columns, lanes, minutesOf, oddHours, weekOf } from "../lib/grid.js";
import { addAt, cellOf, draggable, entryText, item, openEntry, put, shift, stateOf } from "./calendar.js";
import { counted, moreOf, name } from "./calendar-month.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/calendar.js").Entry} Entry */

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Lines above the hours. */
const LINES = 6;

/** The hour that is at the top at first. */
const MORNING = 7;

/** @param {App} app @param {string} day @param {readonly Entry[]} entries */
export function week(app, day, entries) {
  const days = weekOf(day);
  const state = stateOf(app);
  const at = cellOf(app, days);
  const whole = lanes(entries.filter((one) => one.begin === null || one.from !== one.to), days);
  const depth = Math.max(1, Math.min(LINES, ...[Math.max(0, ...whole.map((one) => one.lane + 1))]));
  const fits = whole.filter((one) => one.lane < LINES - 1 || (one.lane < LINES && !whole.some((other) => other.lane >= LINES && overlap(one, other))));
  const more = (/** @type {number} */ index) => whole.filter((one) => !fits.includes(one) && one.first <= index && one.first + one.span > index).length;
  const blocks = days.map((one) => columns(entries.filter((each) => each.from === one && each.to === one && each.begin !== null).map((entry) => ({ entry, begin: /** @type {number} */ (entry.begin), end: entry.end }))));
  const now = wallTime(Date.now());
  const walk = (/** @type {import("./calendar.js").Cell} */ cell) => {
    const index = days.indexOf(cell.day);
    if (cell.hour === null) return fits.filter((one) => one.first === index).map((one) => one.entry.key);
    return blocks[index].filter((one) => Math.floor(one.begin / 60) === cell.hour).map((one) => one.entry.key);
  };
  const cell = (/** @type {string} */ one, /** @type {number | null} */ hour, /** @type {import("../lib/dom.js").Content} */ content) => {
    const here = at.day === one && at.hour === hour;
    const odd = oddHours(one);
    const missing = hour !== null && odd.missing.has(hour);
    const twice = hour !== null && odd.twice.has(hour);
    const said = hour === null ? `${sayFullDay(one)}, all day` : `${sayFullDay(one)}, ${clock(hour * 60)}${missing ? ", the clocks skip this hour" : twice ? ", this hour comes twice" : ""}`;
    return h("div", {
      class: `cal-cell${one === today() ? " today" : ""}${missing ? " missing" : ""}`, role: "gridcell", key: one, "data-day": one, "data-hour": hour === null ? undefined : String(hour),
      tabIndex: here && !(state.item && walk(at).includes(state.item)) ? 0 : -1, "aria-selected": String(here), "aria-label": `${said}, ${counted(walk({ day: one, hour }).length)}`,
      onfocus: (/** @type {Event} */ event) => {
        if (event.target !== event.currentTarget || (here && !state.item)) return;
        Object.assign(state, { cell: { day: one, hour }, item: "" });
        app.cursor = null;
        app.tell();
      },
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.target !== event.currentTarget) return;
        const half = hour !== null && event.offsetY > /** @type {HTMLElement} */ (event.currentTarget).clientHeight / 2;
        addAt(app, { day: one, hour }, hour === null ? undefined : hour * 60 + (half ? 30 : 0));
      },
    }, missing || twice ? h("span", { class: "cal-odd" }, missing ? "skipped" : "twice") : null, content);
  };
  return h("div", {
    class: "calendar-grid week", key: "week", role: "grid", "aria-label": "Week", style: { "--depth": depth },
    onkeydown: (/** @type {KeyboardEvent} */ event) => keys(app, event, days, walk),
    hook: (/** @type {HTMLElement} */ grid) => {
      draggable(app, grid, () => grid);
      queueMicrotask(() => {
        const line = /** @type {HTMLElement | null} */ (grid.querySelector(`[data-row="${MORNING}"]`));
        const head = /** @type {HTMLElement | null} */ (grid.querySelector(".cal-top"));
        if (line && head) grid.scrollTop = line.offsetTop - head.offsetHeight - 12;
      });
    },
  },
    h("div", { class: "cal-top", role: "rowgroup", key: "top" },
      h("div", { class: "cal-names", role: "row", key: "names" }, h("div", { class: "cal-hour", role: "columnheader", "aria-label": "Hour" }),
        days.map((one) => h("div", { class: `cal-name${one === today() ? " today" : ""}`, role: "columnheader", key: one, "aria-label": sayFullDay(one) }, name(one, "short"), h("strong", null, String(Number(one.slice(8))))))),
      h("div", { class: "cal-row whole-day", role: "row", key: "whole" }, h("div", { class: "cal-hour", role: "rowheader" }, "All day"),
        days.map((one, index) => cell(one, null, [fits.filter((each) => each.first === index).map((each) => item(app, each.entry, {
          style: { "--lane": each.lane, "--span": each.span, ...(each.entry.colour ? { "--colour": each.entry.colour } : {}) },
          class: `${each.entry.from < days[0] ? "from-before" : ""} ${each.entry.to > days[6] ? "goes-on" : ""}`,
        }, entryText(each.entry), days)), moreOf(app, one, more(index), LINES - 1, entries, days)])))),
    h("div", { class: "cal-hours", role: "rowgroup", key: "hours" }, HOURS.map((hour) => h("div", { class: "cal-row", role: "row", key: hour, "data-row": String(hour) },
      h("div", { class: "cal-hour", role: "rowheader" }, h("span", null, clock(hour * 60))),
      days.map((one, index) => cell(one, hour, [
        blocks[index].filter((each) => Math.floor(each.begin / 60) === hour).map((each) => item(app, each.entry, {
          class: `block${each.end - each.begin < 45 ? " brief" : ""}`,
          style: {
            "--begin": (each.begin % 60) / 60, "--length": (each.end - each.begin) / 60, "--column": each.column, "--columns": each.columns,
            ...(each.entry.colour ? { "--colour": each.entry.colour } : {}),
          },
        }, entryText(each.entry), days)),
        one === now.slice(0, 10) && Math.floor(minutesOf(now) / 60) === hour ? h("div", { class: "cal-now", key: "now", "aria-hidden": "true", style: { "--begin": (minutesOf(now) % 60) / 60 } }) : null,
      ]))))));
}

/** @param {App} app @param {KeyboardEvent} event @param {readonly string[]} days @param {(cell: import("./calendar.js").Cell) => string[]} walk */
function keys(app, event, days, walk) {
  const state = stateOf(app);
  const cell = cellOf(app, days);
  const entry = state.item ? state.entries.find((one) => one.key === state.item) : undefined;
  const handled = () => event.preventDefault();
  if (event.ctrlKey || event.metaKey) return;
  const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const up = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.altKey) {
    if (!entry || !(side || up)) return;
    handled();
    if (side) return shift(app, entry, { days: side }, days);
    if (entry.begin === null || entry.from !== entry.to) return shift(app, entry, { days: 7 * Number(up) }, days);
    return shift(app, entry, { days: 0, minutes: Math.max(0, Math.min(24 * 60 - 30, entry.begin + 30 * Number(up))) }, days);
  }
  if (side) return handled(), put(app, { day: addDays(cell.day, side), hour: cell.hour }, "", days);
  if (up) {
    handled();
    const list = walk(cell);
    const index = list.indexOf(state.item);
    if (up > 0 && index + 1 < list.length) return put(app, cell, list[index + 1], days);
    if (up < 0 && index >= 0) return put(app, cell, list[index - 1] ?? "", days);
    const hour = cell.hour === null ? (up > 0 ? firstInView() : null) : cell.hour + up;
    if (hour !== null && hour > 23) return;
    return put(app, { day: cell.day, hour: hour === null || hour < 0 ? null : hour }, "", days);
  }
  if (event.key === "Home" || event.key === "End") return handled(), put(app, { day: days[event.key === "Home" ? 0 : 6], hour: cell.hour }, "", days);
  if (event.key !== "Enter" || /** @type {Element} */ (event.target).closest("button")) return;
  handled();
  if (entry) openEntry(app, entry);
  else addAt(app, cell);
}

/** @param {{first: number, span: number}} one @param {{first: number, span: number}} other */
function overlap(one, other) {
  return one.first < other.first + other.span && other.first < one.first + one.span;
}

/** The first hour that is not hidden behind the days. */
function firstInView() {
  const grid = /** @type {HTMLElement} */ (document.querySelector(".calendar-grid"));
  const below = /** @type {HTMLElement} */ (grid.querySelector(".cal-top")).getBoundingClientRect().bottom;
  const rows = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(".cal-hours .cal-row")]);
  return Math.max(0, rows.findIndex((row) => row.getBoundingClientRect().top >= below - 1));
}
