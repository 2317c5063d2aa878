/**
 * Dates and wall times as people mean them. A due value keeps its kind (see `When`); an instant is worked out last.
 *
 * Days are plain `YYYY-MM-DD` texts: they compare as text, and are stepped as calendar days, never by seconds.
 */

/** @typedef {import("../model/types.js").When} When */

const DAY_MS = 86_400_000;

/** The zone of this browser. */
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone */
function partsFormat(zone) {
  let format = formats.get(zone);
  if (!format) {
    const wanted = /** @type {Intl.DateTimeFormatOptions} */ ({
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    try {
      format = new Intl.DateTimeFormat("en-CA", wanted);
    } catch {
      format = new Intl.DateTimeFormat("en-CA", { ...wanted, timeZone: "UTC" });
    }
    formats.set(zone, format);
  }
  return format;
}

/** The wall time `YYYY-MM-DDTHH:MM:SS` of an instant in a zone. @param {number | string | Date} instant @param {string} zone */
export function wallTime(instant, zone = HERE) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const part of partsFormat(zone).formatToParts(new Date(instant))) found[part.type] = part.value;
  return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}:${found.second}`;
}

/** The offset of a zone at an instant, in milliseconds. @param {number} instant @param {string} zone */
function offset(instant, zone) {
  return Date.parse(`${wallTime(instant, zone)}Z`) - Math.floor(instant / 1000) * 1000;
}

/**
 * The instant of a wall time in a zone, in milliseconds. One that does not exist is read with the offset before the gap,
 * one that happens twice is its first (RFC 5545, 3.3.5).
 * @param {string} local @param {string} zone
 */
export function instantOf(local, zone = HERE) {
  const asUtc = Date.parse(`${local.length === 16 ? `${local}:00` : local}Z`);
  const early = asUtc - offset(asUtc - DAY_MS, zone);
  const late = asUtc - offset(asUtc + DAY_MS, zone);
  const found = [early, late].filter((one) => one + offset(one, zone) === asUtc);
  return found.length ? Math.min(...found) : early;
}

/** Today's day, of the zone. @param {string} [zone] @param {number} [now] */
export function today(zone = HERE, now = Date.now()) {
  return wallTime(now, zone).slice(0, 10);
}

/** The day so many days later. @param {string} day @param {number} days */
export function addDays(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** How many days from one day to another. @param {string} from @param {string} to */
export function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** The day of the week, 0 for Monday. @param {string} day */
export function weekday(day) {
  return (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
}

/** The same day of a month so many months later, or that month's last. @param {string} day @param {number} months */
export function addMonths(day, months) {
  const [year, month, date] = day.split("-").map(Number);
  const first = new Date(Date.UTC(year, month - 1 + months, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), Math.min(date, last))).toISOString().slice(0, 10);
}

/** The day on which a value is, as seen in a zone. @param {When} when @param {string} [zone] */
export function dayOf(when, zone = HERE) {
  if ("date" in when && when.date) return when.date;
  const local = /** @type {{local: string, zone?: string}} */ (when);
  if (!local.zone || local.zone === zone) return local.local.slice(0, 10);
  return wallTime(instantOf(local.local, local.zone), zone).slice(0, 10);
}

/** The time of day `HH:MM` of a value as seen in a zone; blank for a date. @param {When} when @param {string} [zone] */
export function timeOf(when, zone = HERE) {
  if ("date" in when && when.date) return "";
  const local = /** @type {{local: string, zone?: string}} */ (when);
  if (!local.zone || local.zone === zone) return local.local.slice(11, 16);
  return wallTime(instantOf(local.local, local.zone), zone).slice(11, 16);
}

/** What values are put in order by: day, then time, dates first. @param {When | null} when */
export function whenKey(when) {
  return when ? `${dayOf(when)}T${timeOf(when)}` : "~";
}

/** A day as a format has it. @param {string} day @param {Intl.DateTimeFormatOptions} options */
export function written(day, options) {
  return new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" }).format(Date.parse(`${day}T12:00:00Z`));
}

/** A day in words, such as Today, Tomorrow, Friday, 8 Mar. @param {string} day @param {string} [now] */
export function sayDay(day, now = today()) {
  const days = daysBetween(now, day);
  if (days === 0) return "Today";
  if (days === 1) return "Tomorrow";
  if (days === -1) return "Yesterday";
  if (days > 1 && days < 7) return written(day, { weekday: "long" });
  const sameYear = day.slice(0, 4) === now.slice(0, 4);
  return written(day, sameYear ? { day: "numeric", month: "short" } : { day: "numeric", month: "short", year: "numeric" });
}

/** A day of the next weeks, as briefly as its day of the week and date: Thu, Nov 26. @param {string} day */
export function sayShortDay(day) {
  return written(day, { weekday: "short", day: "numeric", month: "short" });
}

/** A day in full, such as Sunday, 8 March 2026. @param {string} day */
export function sayFullDay(day) {
  return written(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** A month, such as March 2026. @param {string} day */
export function sayMonth(day) {
  return written(day, { month: "long", year: "numeric" });
}

/** The name of a zone as people say it: Tokyo of Asia/Tokyo. @param {string} zone */
export function zoneName(zone) {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** A value in words; with its zone where that is another one than here. @param {When} when */
export function sayWhen(when) {
  const day = sayDay(dayOf(when));
  const time = timeOf(when);
  const { local = "", zone = HERE } = /** @type {{local?: string, zone?: string}} */ (when);
  const there = zone !== HERE && time !== local.slice(11, 16) ? ` (${local.slice(11, 16)} ${zoneName(zone)})` : "";
  return time ? `${day} ${time}${there}` : day;
}

/** True if the value has passed. @param {When} when @param {number} [now] */
export function isPast(when, now = Date.now()) {
  const here = wallTime(now);
  return timeOf(when) ? `${dayOf(when)}T${timeOf(when)}` < here.slice(0, 16) : dayOf(when) < here.slice(0, 10);
}

/** How long ago an instant was, in words. @param {string} instant @param {number} [now] */
export function sayAgo(instant, now = Date.now()) {
  const seconds = Math.round((Date.parse(instant) - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 3_600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3_600), "hour");
  if (size < 7 * 86_400) return relative.format(Math.round(seconds / 86_400), "day");
  return sayDay(wallTime(instant).slice(0, 10));
}

/** An instant in words, in full. @param {string} instant */
export function sayInstant(instant) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(instant));
}
