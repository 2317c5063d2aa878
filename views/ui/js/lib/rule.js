/** Recurrence rules (RFC 5545, SKIP of RFC 7529) as a form has them. What a form cannot show stays text. */

import { addDays, addMonths, instantOf, wallTime, weekday, HERE } from "./time.js";

/** @typedef {import("../model/types.js").When} When */
/** @typedef {"DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY"} Freq */
/**
 * `days` of a week; `by` the day of the month, by its number (`date`, -1 for the last) or as the `nth` weekday. `until` is
 * a day, `count` a number of times; both blank or 0 for no end.
 * @typedef {{
 *   freq: Freq, interval: number, days: string[], by: "date" | "nth", date: number, nth: number, nthDay: string,
 *   until: string, count: number, skip: "" | "BACKWARD" | "FORWARD",
 * }} Rule
 */

export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/** @param {string} day */
export function codeOf(day) {
  return WEEKDAYS[weekday(day)];
}

/** Which weekday of its month a day is: 1 to 4, or -1 for the last. @param {string} day */
function nthOf(day) {
  const nth = Math.ceil(Number(day.slice(8)) / 7);
  return nth > 4 ? -1 : nth;
}

/** A rule to begin with. @param {string} day of the first occurrence @param {Freq} [freq] @returns {Rule} */
export function ruleOn(day, freq = "WEEKLY") {
  return { freq, interval: 1, days: [codeOf(day)], by: "date", date: Number(day.slice(8)), nth: nthOf(day), nthDay: codeOf(day), until: "", count: 0, skip: "" };
}

/** A rule as a form has it; null if it says what a form cannot. @param {string} text @param {string} day of its first occurrence @param {string} [zone] @returns {Rule | null} */
export function readRule(text, day, zone = HERE) {
  /** @type {Record<string, string>} */
  const parts = Object.fromEntries(text.trim().toUpperCase().replace(/^RRULE:/, "").split(";").map((one) => one.split("=")));
  const { FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, SKIP, WKST, RSCALE, ...rest } = parts;
  if (Object.keys(rest).length || !["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].includes(FREQ) || (RSCALE && RSCALE !== "GREGORIAN") || (WKST && WKST !== "MO")) return null;
  const rule = ruleOn(day, /** @type {Freq} */ (FREQ));
  rule.interval = Number(INTERVAL ?? 1);
  rule.count = Number(COUNT ?? 0);
  if (UNTIL) rule.until = UNTIL.endsWith("Z") ? wallTime(Date.parse(dashed(UNTIL)), zone).slice(0, 10) : dashed(UNTIL).slice(0, 10);
  if (SKIP && SKIP !== "OMIT") rule.skip = /** @type {any} */ (SKIP);
  const days = (BYDAY ?? "").split(",").filter(Boolean);
  if (FREQ === "DAILY") return BYDAY || BYMONTHDAY || BYMONTH ? null : rule;
  if (FREQ === "WEEKLY") {
    if (BYMONTHDAY || BYMONTH || days.some((one) => !WEEKDAYS.includes(one))) return null;
    if (days.length) rule.days = days;
    return rule;
  }
  if (FREQ === "MONTHLY" ? BYMONTH : BYMONTH && BYMONTH !== String(Number(day.slice(5, 7)))) return null;
  if (FREQ === "YEARLY" && !BYMONTH && (BYDAY || BYMONTHDAY)) return null;
  if (days.length) {
    const found = /^(-1|[1-4])([A-Z]{2})$/.exec(days[0]);
    if (days.length > 1 || BYMONTHDAY || !found) return null;
    return { ...rule, by: "nth", nth: Number(found[1]), nthDay: found[2] };
  }
  if (BYMONTHDAY) {
    if (!/^(-1|\d{1,2})$/.test(BYMONTHDAY) || (FREQ === "YEARLY" && Number(BYMONTHDAY) !== Number(day.slice(8)))) return null;
    rule.date = Number(BYMONTHDAY);
  }
  return rule;
}

/** @param {string} compact 20270201T225959Z */
function dashed(compact) {
  return compact.replace(/^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2}))?/, (_, year, month, day, hour, minute, second) => `${year}-${month}-${day}${hour ? `T${hour}:${minute}:${second}` : ""}`);
}

/** The rule as text, of the kind of its anchor. @param {Rule} rule @param {When} anchor */
export function writeRule(rule, anchor) {
  const parts = [`FREQ=${rule.freq}`];
  const day = "date" in anchor ? anchor.date : anchor.local.slice(0, 10);
  if (rule.interval > 1) parts.push(`INTERVAL=${rule.interval}`);
  if (rule.freq === "WEEKLY" && rule.days.length) parts.push(`BYDAY=${WEEKDAYS.filter((one) => rule.days.includes(one)).join(",")}`);
  if (rule.freq === "YEARLY" && rule.by === "nth") parts.push(`BYMONTH=${Number(day.slice(5, 7))}`);
  if ((rule.freq === "MONTHLY" || rule.freq === "YEARLY") && rule.by === "nth") parts.push(`BYDAY=${rule.nth}${rule.nthDay}`);
  if (rule.freq === "MONTHLY" && rule.by === "date") parts.push(`BYMONTHDAY=${rule.date}`);
  if (rule.skip && (rule.freq === "MONTHLY" || rule.freq === "YEARLY") && rule.by === "date") parts.push("RSCALE=GREGORIAN", `SKIP=${rule.skip}`);
  if (rule.count) parts.push(`COUNT=${rule.count}`);
  else if (rule.until) parts.push(`UNTIL=${untilOf(rule.until, anchor)}`);
  return parts.join(";");
}

/** The end of a day as UNTIL has it for that kind of anchor. @param {string} day @param {When} anchor */
function untilOf(day, anchor) {
  const compact = (/** @type {string} */ text) => text.replace(/[-:]/g, "");
  if ("date" in anchor) return compact(day);
  if (!anchor.zone) return compact(`${day}T23:59:59`);
  return compact(new Date(instantOf(`${day}T23:59:59`, anchor.zone)).toISOString().replace(/\.\d+/, ""));
}

/** The first day from one on that the rule has. @param {Rule} rule @param {string} day */
export function firstFit(rule, day) {
  for (let ahead = 0; ahead < 400; ahead++) {
    const one = addDays(day, ahead);
    if (fits(rule, one)) return one;
  }
  return day;
}

/** @param {Rule} rule @param {string} day */
function fits(rule, day) {
  if (rule.freq === "WEEKLY") return !rule.days.length || rule.days.includes(codeOf(day));
  if (rule.freq === "DAILY") return true;
  const last = addDays(addMonths(`${day.slice(0, 8)}01`, 1), -1);
  if (rule.by === "nth") {
    if (codeOf(day) !== rule.nthDay) return false;
    return rule.nth === -1 ? Number(day.slice(8)) + 7 > Number(last.slice(8)) : Math.ceil(Number(day.slice(8)) / 7) === rule.nth;
  }
  if (rule.freq === "YEARLY") return true;
  if (rule.date === -1) return day === last;
  return Number(day.slice(8)) === rule.date || (rule.skip === "BACKWARD" && day === last && rule.date > Number(last.slice(8)));
}
