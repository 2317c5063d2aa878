/** The days and hours that a calendar shows, and where what happens then is put among others. */

import { HERE, addDays, addMonths, daysBetween, instantOf, today, wallTime, weekday } from "./time.js";

/** @typedef {import("../model/types.js").When} When */
/** @typedef {{day: string, minutes: number | null, zone: string, local: string}} Seen `zone` is blank if it is that of here */

const HOUR_MS = 3_600_000;

/** The first day of a week, 0 for Monday, as people of a language have it. @param {string} [language] */
export function firstWeekday(language = navigator.language) {
  const locale = /** @type {any} */ (new Intl.Locale(language));
  const first = (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
  return (first + 6) % 7;
}

/** The first day of the week that a day is in. @param {string} day @param {number} [first] */
export function startOfWeek(day, first = firstWeekday()) {
  return addDays(day, -((weekday(day) - first + 7) % 7));
}

/** The days of a week. @param {string} day */
export function weekOf(day) {
  const start = startOfWeek(day);
  return Array.from({ length: 7 }, (_, index) => addDays(start, index));
}

/** The whole weeks that a month is in. @param {string} day */
export function weeksOfMonth(day) {
  const first = `${day.slice(0, 8)}01`;
  const last = addDays(addMonths(first, 1), -1);
  const weeks = [];
  for (let start = startOfWeek(first); start <= last; start = addDays(start, 7)) weeks.push(weekOf(start));
  return weeks;
}

/** @type {Map<string, Seen>} */
const known = new Map();

/** Where a value is on a calendar of here: one that a gap of the clocks has swallowed is where it comes instead. @param {When} when @returns {Seen} */
export function seen(when) {
  const date = /** @type {any} */ (when).date;
  if (date) return { day: date, minutes: null, zone: "", local: "" };
  const { local, zone = "" } = /** @type {{local: string, zone?: string}} */ (when);
  const name = `${local} ${zone}`;
  let found = known.get(name);
  if (!found) {
    const wall = wallTime(instantOf(local, zone || HERE));
    found = { day: wall.slice(0, 10), minutes: minutesOf(wall), zone: zone === HERE ? "" : zone, local };
    if (known.size > 20_000) known.clear();
    known.set(name, found);
  }
  return found;
}

/** Minutes since midnight of a wall time. @param {string} wall */
export function minutesOf(wall) {
  return Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16));
}

/** `HH:MM` of minutes since midnight. @param {number} minutes */
export function clock(minutes) {
  const whole = Math.max(0, Math.min(24 * 60 - 1, minutes));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

/** A wall time of here that exists: one within a gap of the clocks is moved behind it. @param {string} wall */
export function existing(wall) {
  return wallTime(instantOf(wall)).slice(0, 16);
}

/** The value as it is if it is seen here at another wall time; it keeps its zone. @param {When | null} when @param {string} wall */
export function seenAt(when, wall) {
  const zone = /** @type {any} */ (when)?.zone;
  if (when && !("date" in when) && !zone) return { local: existing(wall) };
  if (!zone || zone === HERE) return { local: existing(wall), zone: HERE };
  return { local: wallTime(instantOf(wall), zone).slice(0, 16), zone };
}

/** The value so many days later: the same wall time of its own zone, on the day that is meant here. @param {When} when @param {number} days @returns {When} */
export function daysLater(when, days) {
  if ("date" in when) return { date: addDays(when.date, days) };
  const moved = { ...when, local: `${addDays(when.local.slice(0, 10), days)}${when.local.slice(10)}` };
  const { day, minutes } = seen(when);
  const wanted = addDays(day, days);
  return seen(moved).day === wanted ? moved : seenAt(when, `${wanted}T${clock(minutes ?? 0)}`);
}

/** @type {Map<string, {missing: Set<number>, twice: Set<number>}>} */
const odd = new Map();

/** The hours that a day here has not, or has twice, because the clocks are changed. @param {string} day */
export function oddHours(day) {
  let found = odd.get(day);
  if (!found) {
    found = { missing: new Set(), twice: new Set() };
    const usual = instantOf(`${addDays(day, 1)}T00:00`) - instantOf(`${day}T00:00`) === 24 * HOUR_MS;
    for (let hour = 0; !usual && hour < 24; hour++) {
      const wall = `${day}T${String(hour).padStart(2, "0")}:00`;
      const instant = instantOf(wall);
      if (wallTime(instant).slice(0, 13) !== wall.slice(0, 13)) found.missing.add(hour);
      else if (wallTime(instant + HOUR_MS).slice(0, 13) === wall.slice(0, 13)) found.twice.add(hour);
    }
    odd.set(day, found);
  }
  return found;
}

/**
 * What has a first and a last day, put into lanes of one week: long ones first, and each into the first lane that is free
 * on all its days.
 * @template {{from: string, to: string, order: string}} T @param {readonly T[]} entries @param {readonly string[]} days
 * @returns {{entry: T, lane: number, first: number, span: number}[]} `first` is the index of the day
 */
export function lanes(entries, days) {
  const [start, end] = [days[0], days[days.length - 1]];
  const shown = entries.filter((one) => one.from <= end && one.to >= start).map((entry) => {
    const first = Math.max(0, daysBetween(start, entry.from));
    return { entry, lane: 0, first, span: Math.min(days.length - 1, daysBetween(start, entry.to)) - first + 1 };
  });
  shown.sort((one, other) => one.first - other.first || other.span - one.span || (one.entry.order < other.entry.order ? -1 : 1));
  /** @type {boolean[][]} */
  const taken = days.map(() => []);
  const long = shown.filter((one) => one.span > 1);
  for (const one of [...long, ...shown.filter((each) => each.span === 1)]) {
    const covered = taken.slice(one.first, one.first + one.span);
    while (covered.some((day) => day[one.lane])) one.lane++;
    for (const day of covered) day[one.lane] = true;
  }
  return shown;
}

/**
 * What overlaps on one day, side by side: each with its column and how many columns there are where it is.
 * @template {{begin: number, end: number}} T @param {readonly T[]} blocks @returns {(T & {column: number, columns: number})[]}
 */
export function columns(blocks) {
  const placed = [...blocks].sort((one, other) => one.begin - other.begin || other.end - one.end).map((one) => ({ ...one, column: 0, columns: 1 }));
  /** @type {typeof placed} */
  let together = [];
  let until = -1;
  const close = () => {
    const count = Math.max(0, ...together.map((one) => one.column)) + 1;
    for (const one of together) one.columns = count;
    together = [];
  };
  for (const one of placed) {
    if (one.begin >= until) close();
    const busy = new Set(together.filter((other) => other.end > one.begin).map((other) => other.column));
    while (busy.has(one.column)) one.column++;
    together.push(one);
    until = Math.max(until, one.end);
  }
  close();
  return placed;
}

/** True for a day `YYYY-MM-DD` that there is. @param {string | null} text @returns {text is string} */
export function isDay(text) {
  return Boolean(text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && addDays(text, 0) === text);
}

/** The day of an address, or today. @param {URLSearchParams} query */
export function dayIn(query) {
  const given = query.get("day");
  return isDay(given) ? given : today();
}
