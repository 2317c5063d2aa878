/** What a calendar shows of a range of days, and what moving it changes. */

import { addDays, daysBetween } from "../lib/time.js";
import { clock, daysLater, seen, seenAt } from "../lib/grid.js";
import { isOpen } from "./status.js";
import { occurrencesOf } from "./occurrences.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./types.js").Task} Task */
/** @typedef {import("./types.js").When} When */
/** @typedef {import("./occurrences.js").Planned} Planned */
/**
 * `begin` and `end` are minutes of the day, null for what has no time; `zone` is blank if it is that of here.
 * @typedef {{
 *   key: string, task: Task | null, planned: Planned | null, title: string, from: string, to: string, begin: number | null,
 *   end: number, zone: string, local: string, colour: string, closed: boolean, order: string,
 * }} Entry
 */
/** Where something is dragged to: a day, and minutes of it; null for no time, undefined for the time that it has. @typedef {{days: number, minutes?: number | null}} Move */

/** Minutes that something takes that does not say how long. */
export const BRIEF = 30;

const SHOWN = new Set(["open", "in-progress", "done", "missed"]);

/** @param {When} when */
function raw(when) {
  return "date" in when ? when.date : when.local.slice(0, 10);
}

/** Everything of the days from one to another. @param {App} app @param {string} from @param {string} to @returns {readonly Entry[]} */
export function entriesOf(app, from, to) {
  const occurrences = occurrencesOf(app);
  const planned = occurrences.between(from, to);
  return app.store.keep(`calendar ${from} ${to} ${occurrences.version}`, () => {
    const [first, last] = [addDays(from, -1), addDays(to, 1)];
    /** @type {Entry[]} */
    const found = [];
    for (const task of app.store.live) {
      const [start, due] = [task.start ?? task.due, task.due ?? task.start];
      if (!start || !due || raw(start) > last || raw(due) < first || !SHOWN.has(task.status)) continue;
      const one = ofTask(app, task);
      if (one.from <= to && one.to >= from) found.push(one);
    }
    for (const one of planned) found.push(ofPlanned(app, one));
    return found;
  });
}

/** @param {App} app @param {Task} task @returns {Entry} */
function ofTask(app, task) {
  const due = seen(/** @type {When} */ (task.due ?? task.start));
  let start = task.start ? seen(task.start) : due;
  if (start.day > due.day || (start.day === due.day && (start.minutes ?? 0) > (due.minutes ?? 24 * 60))) start = due;
  const single = start.day === due.day;
  const begin = single ? (start.minutes ?? due.minutes) : start.minutes;
  const until = single && due !== start && due.minutes !== null && start.minutes !== null ? due.minutes : (begin ?? 0) + (task.estimate_minutes ?? BRIEF);
  const project = app.store.project(app.store.root(task).project);
  return {
    key: task.id, task, planned: null, title: task.title || "Untitled", from: start.day, to: due.day, begin,
    end: Math.min(24 * 60, Math.max(until, (begin ?? 0) + 15)), zone: due.zone || start.zone, local: due.local || start.local,
    colour: project?.colour || "", closed: !isOpen(task), order: `${single ? ordered(begin) : "0000"} ${task.title}`,
  };
}

/** @param {App} app @param {Planned} planned @returns {Entry} */
function ofPlanned(app, planned) {
  const { day, minutes, zone, local } = seen(planned.due);
  return {
    key: `${planned.series.id} ${planned.occurrence}`, task: null, planned, title: planned.title, from: day, to: day, begin: minutes,
    end: Math.min(24 * 60, (minutes ?? 0) + (planned.series.template.estimate_minutes ?? BRIEF)), zone, local,
    colour: app.store.project(planned.series.template.project)?.colour || "", closed: false, order: `${ordered(minutes)} ${planned.title}`,
  };
}

/** @param {number | null} minutes */
function ordered(minutes) {
  return minutes === null ? "0000" : String(minutes + 1).padStart(4, "0");
}

/** Moves something. False if it stays where it is. @param {App} app @param {Entry} entry @param {Move} move */
export function moveEntry(app, entry, move) {
  const day = addDays(entry.from, move.days);
  const stays = move.minutes === undefined || move.minutes === entry.begin;
  if (!move.days && stays) return false;
  const to = (/** @type {When} */ when) => moved(when, entry, day, move);
  if (entry.planned) {
    const { series, occurrence, due } = entry.planned;
    void app.send({ type: "EditSeries", series: series.id, scope: "this", occurrence, due: to(due) }, { said: `Moved “${entry.title}” to ${day}` });
    return true;
  }
  const task = /** @type {Task} */ (entry.task);
  /** @type {Record<string, When>} */
  const fields = {};
  if (task.start) fields.start = to(task.start);
  if (task.due) fields.due = to(task.due);
  void app.edit(task, fields, `Moved “${task.title}”`);
  return true;
}

/** @param {When} when @param {Entry} entry @param {string} day @param {Move} move @returns {When} */
function moved(when, entry, day, { days, minutes }) {
  const at = seen(when);
  if (minutes === undefined) return daysLater(when, days);
  if (minutes === null) return { date: addDays(at.day, days) };
  if (entry.begin === null && at.minutes === null) return seenAt(null, `${addDays(at.day, days)}T${clock(minutes)}`);
  if (at.minutes === null) return daysLater(when, days);
  const later = minutes - (entry.begin ?? at.minutes) + at.minutes + daysBetween(entry.from, at.day) * 24 * 60;
  const over = Math.floor(later / (24 * 60));
  return seenAt(when, `${addDays(day, over)}T${clock(later - over * 24 * 60)}`);
}
