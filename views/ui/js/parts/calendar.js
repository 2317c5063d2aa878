/** What the month and the week of the calendar share: what is at the cursor, an entry as it is drawn, keys and dragging. */

import { h } from "../lib/dom.js";
import { HERE, addDays, daysBetween, sayFullDay, today, zoneName } from "../lib/time.js";
import { clock, dayIn } from "../lib/grid.js";
import { moveEntry } from "../model/calendar.js";
import { dragging } from "./drag.js";
import { icon } from "./icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/calendar.js").Entry} Entry */
/** A day, and the hour of it or null for the whole day. @typedef {{day: string, hour: number | null}} Cell */

/**
 * @typedef {{
 *   cell: Cell | null, item: string, more: string, lines: number, wanted: boolean, grabbed: {day: string, minutes: number} | null,
 *   entries: readonly Entry[],
 * }} State `item` is the key of the entry at the cursor, or blank for the cell itself; `more` the day whose list is shown
 */

/** @type {WeakMap<App, State>} */
const states = new WeakMap();

/** @param {App} app @returns {State} */
export function stateOf(app) {
  const found = states.get(app) ?? { cell: null, item: "", more: "", lines: 3, wanted: false, grabbed: null, entries: [] };
  states.set(app, found);
  return found;
}

/** The view that an address means. @param {App} app @returns {"month" | "week"} */
export function viewOf(app) {
  return app.route.query.get("view") === "week" ? "week" : "month";
}

/** The cell that keys are about, if it is in view; else the day of the address. @param {App} app @param {readonly string[]} days */
export function cellOf(app, days) {
  const { cell } = stateOf(app);
  return cell && days.includes(cell.day) ? cell : { day: dayIn(app.route.query), hour: null };
}

/** Shows another day, where it is not in view, and moves the cursor to it. @param {App} app @param {Cell} cell @param {string} item @param {readonly string[]} days that are in view */
export function put(app, cell, item, days) {
  const state = stateOf(app);
  Object.assign(state, { cell, item, wanted: true });
  if (item) app.cursor = state.entries.find((one) => one.key === item)?.task?.id ?? null;
  if (!days.includes(cell.day)) app.go(app.with({ day: cell.day }), true);
  app.tell();
  requestAnimationFrame(() => refocus(app));
}

/** Puts the focus where the cursor is, once, after it was moved. @param {App} app */
function refocus(app) {
  const state = stateOf(app);
  const grid = document.querySelector(".calendar-grid");
  if (!state.wanted || !grid) return;
  state.wanted = false;
  const element = /** @type {HTMLElement | null} */ (grid.querySelector('[tabindex="0"]'));
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** What a screen reader says of an entry. @param {Entry} entry */
export function spoken(entry) {
  const time = entry.begin === null ? "" : `, ${clock(entry.begin)}`;
  const zone = entry.zone ? `, ${entry.local.slice(11, 16)} in ${zoneName(entry.zone)}` : "";
  const days = entry.from === entry.to ? "" : `, until ${sayFullDay(entry.to)}`;
  const kind = entry.planned ? ", to come of a series" : entry.closed ? `, ${entry.task?.status}` : "";
  return `${entry.title}${time}${zone}${days}${kind}`;
}

/** The entry as text: its time, title and the zone that it is of. @param {Entry} entry @param {{time?: boolean}} [options] */
export function entryText(entry, { time = true } = {}) {
  return [
    entry.planned || entry.task?.series ? icon("repeat") : null,
    time && entry.begin !== null ? h("span", { class: "cal-time" }, clock(entry.begin)) : null,
    h("span", { class: "cal-title" }, entry.title),
    entry.zone ? h("span", { class: "cal-zone" }, `${entry.local.slice(11, 16)} ${zoneName(entry.zone)}`) : null,
  ];
}

/** @param {Entry} entry @param {App} app */
export function entryClass(entry, app) {
  const late = entry.task && !entry.closed && isLate(entry) ? " late" : "";
  const open = entry.task && app.route.query.get("task") === entry.task.id ? " open" : "";
  return `cal-item${entry.planned ? " planned" : ""}${entry.closed ? " closed" : ""}${late}${open}${entry.begin === null || entry.from !== entry.to ? " whole" : ""}`;
}

/** @param {Entry} entry */
function isLate(entry) {
  return entry.to < today();
}

/** Opens what an entry is. @param {App} app @param {Entry} entry */
export function openEntry(app, entry) {
  stateOf(app).more = "";
  if (entry.planned) return app.openDialog("series", { series: entry.planned.series, occurrence: entry.planned.occurrence, due: entry.planned.due });
  const id = /** @type {import("../model/types.js").Task} */ (entry.task).id;
  app.cursor = id;
  app.openTask(id);
}

/** Adds a task at a place of the calendar. @param {App} app @param {Cell} cell @param {number} [minutes] */
export function addAt(app, cell, minutes) {
  if (!app.may("editor")) return;
  const due = cell.hour === null ? { date: cell.day } : { local: `${cell.day}T${clock(minutes ?? cell.hour * 60)}`, zone: HERE };
  app.openDialog("add", { place: { due }, text: `${sayFullDay(cell.day)}${cell.hour === null ? "" : ` at ${clock(minutes ?? cell.hour * 60)}`}` });
}

/** An entry as a button at its place. @param {App} app @param {Entry} entry @param {Record<string, any>} props @param {import("../lib/dom.js").Content} content @param {readonly string[]} days in view */
export function item(app, entry, props, content, days) {
  const state = stateOf(app);
  return h("div", {
    ...props, class: `${entryClass(entry, app)} ${props.class ?? ""}`, key: `${entry.key} ${props["data-segment"] ?? ""}`, role: "button", "data-item": entry.key,
    tabIndex: state.item === entry.key && !props.hidden && props["data-segment"] !== "rest" ? 0 : -1, "aria-label": spoken(entry), title: spoken(entry),
    onfocus: () => {
      if (state.item === entry.key) return;
      Object.assign(state, { item: entry.key, cell: { day: days.includes(entry.from) ? entry.from : days[0], hour: entry.begin === null || entry.from !== entry.to || viewOf(app) === "month" ? null : Math.floor(entry.begin / 60) } });
      app.cursor = entry.task?.id ?? null;
      app.tell();
    },
    onclick: (/** @type {Event} */ event) => {
      event.stopPropagation();
      openEntry(app, entry);
    },
  }, content);
}

/** Moves an entry by keys, and the cursor with it. @param {App} app @param {Entry} entry @param {import("../model/calendar.js").Move} move @param {readonly string[]} days */
export function shift(app, entry, move, days) {
  if (!app.may("editor") || !moveEntry(app, entry, move)) return;
  const day = addDays(entry.from, move.days);
  const minutes = move.minutes ?? entry.begin;
  put(app, { day, hour: viewOf(app) === "month" || minutes === null || entry.from !== entry.to ? null : Math.floor(minutes / 60) }, entry.key, days);
}

/** The cell under a point. @param {number} x @param {number} y */
function cellAt(x, y) {
  for (const element of document.elementsFromPoint(x, y)) {
    const cell = /** @type {HTMLElement | null} */ (element.closest(".cal-cell"));
    if (cell) return cell;
  }
  return null;
}

/** Where in a day a point is. @param {HTMLElement} cell @param {number} y */
function placeIn(cell, y) {
  const day = cell.dataset.day ?? "";
  if (!cell.dataset.hour) return { day, minutes: null };
  const box = cell.getBoundingClientRect();
  return { day, minutes: Number(cell.dataset.hour) * 60 + Math.round((Math.max(0, y - box.top) / box.height) * 4) * 15 };
}

/** Lets entries be dragged to other days and times. @param {App} app @param {HTMLElement} grid @param {() => HTMLElement | null} scroller */
export function draggable(app, grid, scroller) {
  const state = stateOf(app);
  const clear = () => grid.querySelectorAll(".drop-here").forEach((one) => one.classList.remove("drop-here"));
  grid.addEventListener("pointerdown", (event) => {
    const cell = cellAt(event.clientX, event.clientY);
    const place = cell && placeIn(cell, event.clientY);
    state.grabbed = place && { day: place.day, minutes: place.minutes ?? -1 };
  }, { capture: true });
  dragging(grid, {
    handle: ".cal-item",
    start: (element) => (app.may("editor") ? (element.dataset.item ?? null) : null),
    over(_, y, x) {
      clear();
      cellAt(x, y)?.classList.add("drop-here");
    },
    end: clear,
    scroller,
    head: () => /** @type {HTMLElement | null} */ (grid.querySelector(".cal-top"))?.offsetHeight ?? 0,
    drop(key, y, x) {
      const cell = cellAt(x, y);
      const entry = state.entries.find((one) => one.key === key);
      const { grabbed } = state;
      if (!cell || !entry || !grabbed) return;
      const place = placeIn(cell, y);
      const days = daysBetween(grabbed.day, place.day);
      if (viewOf(app) === "month" || entry.from !== entry.to || (place.minutes === null && entry.begin === null)) return void moveEntry(app, entry, { days });
      if (place.minutes === null) return void moveEntry(app, entry, { days, minutes: null });
      const by = entry.begin === null || grabbed.minutes < 0 ? place.minutes : entry.begin + place.minutes - grabbed.minutes;
      moveEntry(app, entry, { days, minutes: Math.max(0, Math.min(24 * 60 - 15, Math.floor(by / 15) * 15)) });
    },
  });
}

/** What is due on a day, in order. @param {readonly Entry[]} entries @param {string} day */
export function onDay(entries, day) {
  return entries.filter((one) => one.from <= day && one.to >= day).sort((one, other) => (one.order < other.order ? -1 : 1));
}
