/** The calendar: a month or a week at a time, or, where it is narrow, the days of it one below the other. */

import { h } from "../lib/dom.js";
import { addDays, addMonths, sayDay, sayFullDay, sayMonth, sayShortDay, today, zoneName } from "../lib/time.js";
import { clock, dayIn, weekOf, weeksOfMonth } from "../lib/grid.js";
import { phone } from "../lib/screens.js";
import { entriesOf } from "../model/calendar.js";
import { occurrencesOf } from "../model/occurrences.js";
import { addAt, cellOf, onDay, openEntry, put, spoken, stateOf, viewOf } from "../parts/calendar.js";
import { month } from "../parts/calendar-month.js";
import { week } from "../parts/calendar-week.js";
import { icon } from "../parts/icon.js";
import { empty, link, pageHead } from "../parts/shell.js";
import { check } from "../parts/task-row.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/calendar.js").Entry} Entry */

let watched = false;

/** @param {App} app */
export function calendar(app) {
  if (!watched) phone.addEventListener("change", () => app.tell());
  watched = true;
  const view = viewOf(app);
  const day = dayIn(app.route.query);
  const days = view === "week" ? weekOf(day) : weeksOfMonth(day).flat();
  const shown = phone.matches && view === "month" ? days.filter((one) => one.slice(0, 7) === day.slice(0, 7)) : days;
  const entries = entriesOf(app, shown[0], /** @type {string} */ (shown.at(-1)));
  const state = stateOf(app);
  state.entries = entries;
  app.list = cursorOf(app, entries, days);
  return [
    head(app, view, day),
    occurrencesOf(app).incomplete ? h("p", { class: "cal-notice", role: "status", key: "notice" }, icon("offline"), "Offline: what repeats later is shown once you are online.") : null,
    phone.matches ? agenda(app, shown, entries) : view === "week" ? week(app, day, entries) : month(app, day, entries),
  ];
}

/** The address of the month or week that is so many away. @param {App} app @param {number} by */
function turned(app, by) {
  const day = dayIn(app.route.query);
  return app.with({ day: viewOf(app) === "week" ? addDays(day, 7 * by) : addMonths(`${day.slice(0, 8)}01`, by) });
}

/** @param {App} app @param {"month" | "week"} view @param {string} day */
function head(app, view, day) {
  const tab = (/** @type {string} */ name, /** @type {string} */ words, /** @type {string} */ drawn) =>
    link(app, app.with({ view: name === "month" ? null : name, day }), { class: "segment", key: name, "aria-current": view === name ? "page" : undefined }, icon(drawn), words);
  const turn = (/** @type {number} */ by, /** @type {string} */ words, /** @type {string} */ drawn, /** @type {string} */ key) =>
    link(app, turned(app, by), { class: "icon-button", "aria-label": `${words} ${view}`, title: `${words} ${view} (${key})`, key: words }, icon(drawn));
  const days = weekOf(day);
  const title = view === "month" ? sayMonth(day) : range(days[0], days[6]);
  const views = h("div", { class: "segments", role: "group", "aria-label": "View", key: "views" }, tab("month", "Month", "calendar"), tab("week", "Week", "board"));
  const turns = h("div", { class: "row cal-turn", role: "group", key: "turns", "aria-label": "Days shown" },
    turn(-1, "Previous", "left", "["), link(app, app.with({ day: null }), { class: "button", key: "today", title: "Today (.)" }, "Today"), turn(1, "Next", "right", "]"));
  if (phone.matches) return [pageHead(app, { title }), h("div", { class: "row cal-below", key: "below" }, turns, h("span", { class: "grow" }), views)];
  return pageHead(app, { title, tabs: turns, actions: views });
}

/** The days of a week as a title. @param {string} from @param {string} to */
function range(from, to) {
  const format = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  return format.formatRange(Date.parse(`${from}T12:00:00Z`), Date.parse(`${to}T12:00:00Z`));
}

/** @param {App} app @param {readonly Entry[]} entries @param {readonly string[]} days @returns {import("../parts/task-list.js").Cursor} */
function cursorOf(app, entries, days) {
  const state = stateOf(app);
  return {
    step(by) {
      const all = [...entries].sort((one, other) => (one.from + one.order < other.from + other.order ? -1 : 1)).filter((one) => days.includes(one.from));
      const at = all.findIndex((one) => one.key === state.item);
      const { day } = cellOf(app, days);
      const next = at >= 0 ? all[at + by] : by > 0 ? all.find((one) => one.from >= day) : all.findLast((one) => one.from < day);
      if (!next) return put(app, cellOf(app, days), state.item, days);
      put(app, { day: next.from, hour: viewOf(app) === "month" || next.begin === null || next.from !== next.to ? null : Math.floor(next.begin / 60) }, next.key, days);
    },
    all() {},
    range() {},
    shift() {},
    turn(by) {
      state.item = "";
      state.cell = null;
      app.go(by ? turned(app, by) : app.with({ day: null }));
    },
    look: () => app.go(app.with({ view: viewOf(app) === "week" ? null : "week", day: cellOf(app, days).day })),
  };
}

/** The days that have something, and today, one below the other. @param {App} app @param {readonly string[]} days @param {readonly Entry[]} entries */
function agenda(app, days, entries) {
  const now = today();
  const filled = days.map((day) => ({ day, found: onDay(entries, day) })).filter(({ day, found }) => found.length || day === now);
  if (!filled.length) {
    return empty({
      drawn: "calendar", title: "Nothing on these days", text: "What has a date is shown here on its day.",
      action: app.may("editor") ? h("button", { type: "button", class: "button primary", onclick: () => addAt(app, { day: days[0], hour: null }) }, "Add a task") : undefined,
    });
  }
  return h("div", { class: "page-body agenda", key: "agenda" }, filled.map(({ day, found }) => h("section", { class: `agenda-day${day === now ? " today" : ""}`, key: day, "aria-label": sayFullDay(day) },
    h("header", { class: "group-head" }, h("h2", null, day === now ? `Today · ${sayShortDay(day)}` : sayFullDay(day)), h("span", { class: "grow" }),
      app.may("editor") ? h("button", { type: "button", class: "icon-button", "aria-label": `Add a task on ${sayDay(day)}`, onclick: () => addAt(app, { day, hour: null }) }, icon("plus")) : null),
    found.length ? h("ul", null, found.map((entry) => h("li", { key: entry.key, class: "agenda-line", style: entry.colour ? { "--colour": entry.colour } : {} },
      entry.task ? check(app, entry.task) : h("span", { class: "agenda-repeat" }, icon("repeat")),
      h("button", { type: "button", class: `agenda-entry${entry.planned ? " planned" : ""}${entry.closed ? " closed" : ""}`, "aria-label": spoken(entry), onclick: () => openEntry(app, entry) },
        h("span", { class: "cal-title" }, entry.title),
        h("span", { class: "hint" }, entry.begin === null ? "All day" : clock(entry.begin), entry.zone ? h("span", { class: "cal-zone" }, ` · ${entryZone(entry)}`) : null, entry.from !== entry.to ? ` · until ${sayDay(entry.to)}` : null, entry.planned ? " · to come" : null))))) : h("p", { class: "hint agenda-none" }, "Nothing is due."))));
}

/** @param {Entry} entry */
function entryZone(entry) {
  return `${entry.local.slice(11, 16)} in ${zoneName(entry.zone)}`;
}
