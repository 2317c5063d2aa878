/** A month: whole weeks of days, each with what is due then; what has a start and a due is a bar over its days. */

import { h } from "../lib/dom.js";
import { addDays, sayFullDay, today, written } from "../lib/time.js";
import { lanes, weeksOfMonth } from "../lib/grid.js";
import { addAt, cellOf, draggable, entryText, item, onDay, openEntry, put, shift, stateOf } from "./calendar.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/calendar.js").Entry} Entry */

/** Pixels of the number of a day, and of a line. */
const HEAD = 28;
const LINE = 23;

/** Entries of one day that are listed at most. */
const LISTED = 200;

/** @param {App} app @param {string} day @param {readonly Entry[]} entries */
export function month(app, day, entries) {
  const weeks = weeksOfMonth(day);
  const days = weeks.flat();
  const state = stateOf(app);
  const at = cellOf(app, days);
  const laid = weeks.map((week) => lanes(entries, week));
  /** What can be walked through on a day, and how much more there is. @param {string} one */
  const shownOn = (one) => {
    const week = weeks.findIndex((each) => each.includes(one));
    const index = weeks[week]?.indexOf(one) ?? 0;
    const there = (laid[week] ?? []).filter((each) => each.first <= index && each.first + each.span > index);
    const full = there.some((each) => each.lane >= state.lines);
    const most = full ? state.lines - 1 : state.lines;
    const seen = there.filter((each) => each.lane < most);
    return { starting: seen.filter((each) => each.first === index), more: there.length - seen.length, most };
  };
  const visible = (/** @type {(typeof laid)[0][0]} */ one, /** @type {readonly string[]} */ week) => week.slice(one.first, one.first + one.span).every((each) => one.lane < shownOn(each).most);
  const walk = (/** @type {string} */ one) => {
    const week = weeks.find((each) => each.includes(one)) ?? [];
    return shownOn(one).starting.filter((each) => visible(each, week) && (each.entry.from >= week[0] || weeks[0] === week)).map((each) => each.entry.key);
  };
  return h("div", {
    class: "calendar-grid month", key: "month", role: "grid", "aria-label": "Month", "data-weeks": String(weeks.length),
    style: { "--weeks": weeks.length },
    onkeydown: (/** @type {KeyboardEvent} */ event) => keys(app, event, days, walk),
    hook: (/** @type {HTMLElement} */ grid) => {
      draggable(app, grid, () => null);
      new ResizeObserver(() => measure(app, grid)).observe(grid);
    },
  },
    h("div", { class: "cal-names", role: "row", key: "names" }, weeks[0].map((one) => h("div", { class: "cal-name", role: "columnheader", key: one, "aria-label": name(one, "long") }, name(one, "short")))),
    weeks.map((week, row) => h("div", { class: "cal-week", role: "row", key: week[0] }, week.map((one, index) => {
      const { more } = shownOn(one);
      const here = at.day === one;
      const starting = laid[row].filter((each) => each.first === index);
      const walked = walk(one);
      return h("div", {
        class: `cal-cell${one === today() ? " today" : ""}${one.slice(0, 7) === day.slice(0, 7) ? "" : " outside"}`, role: "gridcell", key: one, "data-day": one,
        tabIndex: here && !(state.item && walked.includes(state.item)) ? 0 : -1, "aria-selected": String(here), "aria-current": one === today() ? "date" : undefined,
        "aria-label": `${sayFullDay(one)}, ${counted(onDay(entries, one).length)}`,
        onfocus: (/** @type {Event} */ event) => {
          if (event.target !== event.currentTarget || (here && !state.item)) return;
          Object.assign(state, { cell: { day: one, hour: null }, item: "" });
          app.cursor = null;
          app.tell();
        },
        onclick: (/** @type {Event} */ event) => {
          if (event.target === event.currentTarget || /** @type {Element} */ (event.target).closest(".cal-number")) addAt(app, { day: one, hour: null });
        },
      },
        h("span", { class: "cal-number", "aria-hidden": "true" }, one.endsWith("-01") ? name(one, "month") : String(Number(one.slice(8)))),
        starting.filter((each) => visible(each, week)).map((each) => item(app, each.entry, {
          style: { "--lane": each.lane, "--span": each.span, ...(each.entry.colour ? { "--colour": each.entry.colour } : {}) },
          class: `${each.entry.from < week[0] ? "from-before" : ""} ${each.entry.to > week[6] ? "goes-on" : ""}`,
          "data-segment": each.entry.from < week[0] && row ? "rest" : "first",
        }, entryText(each.entry), days)),
        moreOf(app, one, more, state.lines - 1, entries, days));
    }))));
}

/** How much more a day has than is shown, and all of it once that is asked for. @param {App} app @param {string} day @param {number} more @param {number} lane @param {readonly Entry[]} entries @param {readonly string[]} days */
export function moreOf(app, day, more, lane, entries, days) {
  const state = stateOf(app);
  return [
    more ? h("button", {
      type: "button", class: "cal-more", tabIndex: -1, key: "more", style: { "--lane": lane }, "aria-haspopup": "dialog", "aria-label": `${more} more on ${sayFullDay(day)}`,
      onclick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        state.more = day;
        app.tell();
      },
    }, `+${more} more`) : null,
    more && state.more === day ? popover(app, day, onDay(entries, day), days) : null,
  ];
}

/** @param {number} count */
export function counted(count) {
  return count === 0 ? "nothing" : count === 1 ? "1 task" : `${count} tasks`;
}

/** @param {string} day @param {"short" | "long" | "month"} style */
export function name(day, style) {
  return written(day, style === "month" ? { day: "numeric", month: "short" } : { weekday: style });
}

/** How many lines there is room for. @param {App} app @param {HTMLElement} grid */
function measure(app, grid) {
  const cell = grid.querySelector(".cal-cell");
  if (!cell) return;
  const lines = Math.max(1, Math.floor((cell.clientHeight - HEAD - 2) / LINE));
  const state = stateOf(app);
  if (state.lines === lines) return;
  state.lines = lines;
  app.tell();
}

/** All of a day, over the month. @param {App} app @param {string} day @param {readonly Entry[]} entries @param {readonly string[]} days */
function popover(app, day, entries, days) {
  const state = stateOf(app);
  const close = (/** @type {boolean} */ back) => {
    if (state.more !== day) return;
    state.more = "";
    if (back) put(app, { day, hour: null }, "", days);
    else app.tell();
  };
  return h("div", {
    class: "day-popover", key: "popover", popover: "auto", role: "dialog", "aria-label": sayFullDay(day),
    onclick: (/** @type {Event} */ event) => event.stopPropagation(),
    ontoggle: (/** @type {any} */ event) => { if (event.newState === "closed") close(false); },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        event.preventDefault();
        close(true);
        return;
      }
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")]);
      all[(all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + by + all.length) % all.length]?.focus();
    },
    hook: (/** @type {HTMLElement} */ element) => queueMicrotask(() => {
      if (!element.isConnected) return;
      const box = /** @type {HTMLElement} */ (element.parentElement).getBoundingClientRect();
      element.showPopover();
      const [width, height] = [element.offsetWidth, element.offsetHeight];
      element.style.setProperty("left", `${Math.max(8, Math.min(box.left - 8, innerWidth - width - 8))}px`);
      element.style.setProperty("top", `${Math.max(8, Math.min(box.top - 8, innerHeight - height - 8))}px`);
      /** @type {HTMLElement | null} */ (element.querySelector("button"))?.focus();
    }),
  },
    h("h3", null, sayFullDay(day)),
    h("ul", null, entries.slice(0, LISTED).map((entry) => h("li", { key: entry.key }, h("button", {
      type: "button", class: `cal-line${entry.planned ? " planned" : ""}${entry.closed ? " closed" : ""}`, style: entry.colour ? { "--colour": entry.colour } : {},
      onclick: () => openEntry(app, entry),
    }, entryText(entry))))),
    entries.length > LISTED ? h("p", { class: "hint" }, `${entries.length - LISTED} more are in Upcoming.`) : null,
    app.may("editor") ? h("button", { type: "button", class: "button quiet", onclick: () => { close(false); addAt(app, { day, hour: null }); } }, "Add a task") : null);
}

/** @param {App} app @param {KeyboardEvent} event @param {readonly string[]} days @param {(day: string) => string[]} walk */
function keys(app, event, days, walk) {
  const state = stateOf(app);
  const cell = cellOf(app, days);
  const entry = state.item ? state.entries.find((one) => one.key === state.item) : undefined;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
  const handled = () => event.preventDefault();
  if (event.ctrlKey || event.metaKey) return;
  if (event.altKey) {
    if (!by || !entry) return;
    handled();
    return shift(app, entry, { days: by }, days);
  }
  const list = walk(cell.day);
  const index = list.indexOf(state.item);
  if (event.key === "ArrowDown" && index + 1 < list.length) return handled(), put(app, cell, list[index + 1], days);
  if (event.key === "ArrowUp" && index >= 0) return handled(), put(app, cell, list[index - 1] ?? "", days);
  if (by) return handled(), put(app, { day: addDays(cell.day, by), hour: null }, "", days);
  if (event.key === "Home" || event.key === "End") {
    const week = Math.floor(days.indexOf(cell.day) / 7) * 7;
    return handled(), put(app, { day: days[event.key === "Home" ? week : week + 6], hour: null }, "", days);
  }
  if (event.key !== "Enter" || event.target !== event.currentTarget && /** @type {Element} */ (event.target).closest("button")) return;
  handled();
  if (entry) openEntry(app, entry);
  else addAt(app, cell);
}
