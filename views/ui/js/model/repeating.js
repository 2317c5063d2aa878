/**
 * How a task repeats, as a form has it: a rule, its first time, what is left out and added. What a form cannot show of a
 * rule is kept as text (`raw`).
 *
 * It remembers what it took over, so that only what was changed is sent.
 */

import { HERE, addDays, today } from "../lib/time.js";
import { firstFit, readRule, ruleOn, writeRule } from "../lib/rule.js";

/** @typedef {import("./types.js").Series} Series */
/** @typedef {import("./types.js").When} When */
/** @typedef {import("../lib/rule.js").Rule} Rule */

export class Repeating {
  /** The first day, its time (blank: none), and the zone of that (blank: wherever one is). */
  day = today();
  time = "";
  zone = HERE;
  /** @type {Rule} */
  rule = ruleOn(this.day);
  /** The rule as text, where it is written by hand. @type {string | null} */
  raw = null;
  /** True if it counts from when it is done. */
  after = false;
  /** How often it is done at most; 0: no such bound. */
  stopAfter = 0;
  /** What becomes of those that are not done in time. */
  missed = "next";
  /** @type {string[]} */
  exdate = [];
  /** @type {string[]} */
  rdate = [];
  /** The fields as they were taken over, as JSON. @type {Record<string, string>} */
  #taken = {};

  /** Every week, from a time on. @param {When} when */
  begin(when) {
    this.#from(when);
    this.rule = ruleOn(this.day);
  }

  /** What a series is, from one of its times on. @param {Series} series @param {When} when */
  take(series, when) {
    this.#from(when);
    this.#read(series.rule, "date" in series.anchor ? series.anchor.date : series.anchor.local.slice(0, 10));
    this.after = series.after_completion;
    this.stopAfter = series.stop_after ?? 0;
    this.missed = series.missed;
    this.exdate = [...series.exdate];
    this.rdate = [...series.rdate];
    this.#remember();
  }

  /** So many of its times are before those that are changed; unless the rule was changed meanwhile. @param {number} before */
  without(before) {
    if (JSON.stringify(this.ruleText()) !== this.#taken.rule) return;
    this.rule = { ...this.rule, count: Math.max(1, this.rule.count - before) };
    this.#taken.rule = JSON.stringify(this.ruleText());
  }

  /** What was understood of words. @param {{rule: string, anchor: any, stop_after?: number}} said */
  understood({ rule, anchor, stop_after }) {
    if (!anchor.local && this.time) this.day = anchor.date; // words without a time leave the time as it is
    else this.#from(anchor);
    if (stop_after) this.stopAfter = stop_after;
    this.#read(rule, this.day);
  }

  /** @param {Partial<Rule>} change */
  choose(change) {
    this.rule = { ...this.rule, ...change };
    this.raw = null;
    this.day = firstFit(this.rule, this.day);
  }

  /** @param {Rule["freq"]} freq */
  chooseUnit(freq) {
    const { interval, until, count } = this.rule;
    this.choose({ ...ruleOn(this.day, freq), interval, until, count });
  }

  /** It ends never, on a day, or after so many times. @param {string} kind */
  chooseEnd(kind) {
    this.choose({ count: kind === "count" ? 10 : 0, until: kind === "until" ? addDays(this.day, 90) : "" });
  }

  /** The rule follows its first day. @param {string} day */
  chooseFirst(day) {
    this.day = day;
    if (this.raw !== null) return;
    const { freq, interval, until, count, skip, by, days, date } = this.rule;
    const fresh = ruleOn(day, freq);
    const kept = freq === "WEEKLY" && days.length > 1 ? { days: [...new Set([...days, ...fresh.days])] } : {};
    this.rule = { ...fresh, interval, until, count, skip, by, ...(date === -1 ? { date } : {}), ...kept };
    this.day = firstFit(this.rule, day);
  }

  /** A rule that is written by hand. @param {string} text */
  write(text) {
    const read = readRule(text, this.day, this.zone || HERE);
    this.raw = read && writeRule(read, this.anchor()) === text ? null : text;
    if (read && this.raw === null) this.rule = read;
  }

  /** The first time. @returns {When} */
  anchor() {
    if (!this.time) return { date: this.day };
    return { local: `${this.day}T${this.time}`, ...(this.zone ? { zone: this.zone } : {}) };
  }

  ruleText() {
    return this.raw ?? writeRule(this.after ? { ...this.rule, count: 0 } : this.rule, this.anchor());
  }

  /** What a new series is made of. */
  fresh() {
    const { after, missed, stopAfter } = this;
    return { ...this.recurrence(), missed, ...(stopAfter ? { stop_after: stopAfter } : {}), after_completion: after };
  }

  /** What its times are worked out from. @returns {Record<string, any>} */
  recurrence() {
    const { after, rdate, exdate } = this;
    return { rule: this.ruleText(), anchor: this.anchor(), after_completion: after, ...(after ? {} : { rdate, exdate }) };
  }

  /** What is otherwise than it was taken over. @returns {Record<string, any>} */
  changes() {
    return Object.fromEntries(Object.entries(this.#fields()).filter(([name, value]) => JSON.stringify(value) !== this.#taken[name]));
  }

  #fields() {
    const { missed, stopAfter, exdate, rdate } = this;
    return { rule: this.ruleText(), anchor: this.anchor(), missed, stop_after: stopAfter || null, exdate, rdate };
  }

  #remember() {
    this.#taken = Object.fromEntries(Object.entries(this.#fields()).map(([name, value]) => [name, JSON.stringify(value)]));
  }

  /** @param {When} when */
  #from(when) {
    if ("date" in when) [this.day, this.time, this.zone] = [when.date, "", HERE];
    else [this.day, this.time, this.zone] = [when.local.slice(0, 10), when.local.slice(11, 16), when.zone ?? ""];
  }

  /** @param {string} text @param {string} day of its first occurrence */
  #read(text, day) {
    const read = readRule(text, day, this.zone || HERE);
    this.raw = read ? null : text;
    if (read) this.rule = read;
  }
}
