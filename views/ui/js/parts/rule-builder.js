/** A recurrence rule to be chosen: how often, on which days, until when, and what few need. Each says by `changed` that it was. */

import { h, valueOf } from "../lib/dom.js";
import { HERE, zoneName } from "../lib/time.js";
import { WEEKDAYS } from "../lib/rule.js";
import { icon } from "./icon.js";

/** @typedef {import("../model/repeating.js").Repeating} Repeating */
/** @typedef {import("../lib/dom.js").Content} Content */
/** @typedef {import("../lib/rule.js").Rule} Rule */
/** @typedef {() => void} Changed */

/** @type {[Rule["freq"], string, string][]} */
const UNITS = [["DAILY", "day", "days"], ["WEEKLY", "week", "weeks"], ["MONTHLY", "month", "months"], ["YEARLY", "year", "years"]];
const NTH = [[1, "first"], [2, "second"], [3, "third"], [4, "fourth"], [-1, "last"]];
const DATES = [...Array.from({ length: 31 }, (_, index) => index + 1), -1];
const SHORT = [["", "leave it out"], ["BACKWARD", "take the day before"], ["FORWARD", "take the day after"]];
const ENDS = [["never", "never"], ["until", "on a day"], ["count", "after some times"]];

/** @param {string} code @param {"short" | "long"} style */
function weekdayName(code, style) {
  return new Intl.DateTimeFormat(undefined, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + WEEKDAYS.indexOf(code)));
}

/** One of a few. @param {Record<string, any>} props @param {readonly (readonly (string | number)[])[]} choices @param {string | number} chosen @param {(value: string) => void} choose */
export function select(props, choices, chosen, choose) {
  return h("select", { class: "field", ...props, onchange: (/** @type {Event} */ event) => choose(valueOf(event)) },
    choices.map(([value, words]) => h("option", { key: value, value: String(value), selected: value === chosen }, words)));
}

/** Every so many days, weeks, months or years. @param {Repeating} form @param {Changed} changed */
export function every(form, changed) {
  const { rule } = form;
  const choose = (/** @type {Event} */ event) => {
    form.choose({ interval: Math.max(1, Number(valueOf(event)) || 1) });
    changed();
  };
  const units = UNITS.map(([freq, one, many]) => [freq, rule.interval === 1 ? one : many]);
  return h("div", { class: "row builder-line", key: "every" }, h("span", null, "Every"),
    h("input", { class: "field number", type: "number", min: "1", max: "999", value: String(rule.interval), "aria-label": "How many", oninput: choose }),
    select({ class: "field unit", "aria-label": "Of what" }, units, rule.freq, (freq) => { form.chooseUnit(/** @type {Rule["freq"]} */ (freq)); changed(); }),
    form.after ? h("span", null, "after it is done") : null);
}

/** On which days of the week, month or year. @param {Repeating} form @param {Changed} changed */
export function on(form, changed) {
  if (form.rule.freq === "WEEKLY") return weekdays(form, changed);
  return form.rule.freq === "DAILY" ? null : monthdays(form, changed);
}

/** @param {Repeating} form @param {Changed} changed */
function weekdays(form, changed) {
  const { days } = form.rule;
  const toggle = (/** @type {string} */ code) => {
    const next = days.includes(code) ? days.filter((one) => one !== code) : [...days, code];
    if (!next.length) return;
    form.choose({ days: next });
    changed();
  };
  return h("div", { class: "weekdays", role: "group", "aria-label": "On", key: "weekdays" }, WEEKDAYS.map((code) => h("button", {
    type: "button", class: "weekday", key: code, "aria-pressed": String(days.includes(code)), "aria-label": weekdayName(code, "long"), onclick: () => toggle(code),
  }, weekdayName(code, "short"))));
}

/** @param {Repeating} form @param {Changed} changed */
function monthdays(form, changed) {
  const { rule } = form;
  const yearly = rule.freq === "YEARLY";
  const choose = (/** @type {Partial<Rule>} */ change) => {
    form.choose(change);
    changed();
  };
  const radio = (/** @type {"date" | "nth"} */ by, /** @type {Content} */ content) => h("label", { class: "row builder-line", key: by },
    h("input", { type: "radio", name: "by", value: by, checked: rule.by === by, onchange: () => choose({ by }) }), content);
  const date = yearly ? h("span", null, "on the same date") : [h("span", null, "on day"),
    select({ "aria-label": "Day of the month" }, DATES.map((one) => [one, one === -1 ? "last" : one]), rule.date, (value) => choose({ by: "date", date: Number(value) }))];
  const nth = [h("span", null, "on the"),
    select({ "aria-label": "Which" }, NTH, rule.nth, (value) => choose({ by: "nth", nth: Number(value) })),
    select({ "aria-label": "Weekday" }, WEEKDAYS.map((code) => [code, weekdayName(code, "long")]), rule.nthDay, (value) => choose({ by: "nth", nthDay: value }))];
  const may = rule.by === "date" && (rule.date > 28 || yearly); // some months or years have no such day
  return h("fieldset", { class: "stack tight", key: "month" }, h("legend", { class: "unseen" }, yearly ? "On which day of the year" : "On which day of the month"),
    radio("date", date), radio("nth", nth),
    may ? h("label", { class: "labelled", key: "skip" }, yearly ? "In years without that day" : "In months that are too short", select({}, SHORT, rule.skip, (value) => choose({ skip: /** @type {Rule["skip"]} */ (value) }))) : null);
}

/** The first day, and its time. @param {Repeating} form @param {Changed} changed @param {string} label @param {Content} error */
export function first(form, changed, label, error) {
  const day = (/** @type {Event} */ event) => {
    if (!valueOf(event)) return;
    form.chooseFirst(valueOf(event));
    changed();
  };
  const time = (/** @type {Event} */ event) => {
    form.time = valueOf(event).slice(0, 5);
    changed();
  };
  return h("div", { class: "row builder-line", key: "first" },
    h("label", { class: "labelled" }, label, h("input", { class: "field", type: "date", value: form.day, required: true, onchange: day })),
    h("label", { class: "labelled" }, "Time", h("input", { class: "field", type: "time", value: form.time, onchange: time })),
    form.time && form.zone !== HERE ? h("span", { class: "hint" }, form.zone ? `in ${zoneName(form.zone)}` : "wherever one is") : null,
    error);
}

/** Until when. @param {Repeating} form @param {Changed} changed */
export function ends(form, changed) {
  const { until, count } = form.rule;
  const choose = (/** @type {Partial<Rule>} */ change) => {
    form.choose(change);
    changed();
  };
  return h("div", { class: "row builder-line", key: "ends" },
    h("label", { class: "labelled" }, "Ends", select({}, ENDS, count ? "count" : until ? "until" : "never", (kind) => { form.chooseEnd(kind); changed(); })),
    until ? h("label", { class: "labelled", key: "until" }, "Last day", h("input", { class: "field", type: "date", value: until, onchange: (/** @type {Event} */ event) => valueOf(event) && choose({ until: valueOf(event) }) })) : null,
    count ? h("label", { class: "labelled", key: "count" }, "Times", h("input", { class: "field number", type: "number", min: "1", max: "1000", value: String(count), oninput: (/** @type {Event} */ event) => Number(valueOf(event)) > 0 && choose({ count: Number(valueOf(event)) }) })) : null);
}

/** Days that are left out, or come besides. @param {Repeating} form @param {Changed} changed @param {"exdate" | "rdate"} field @param {string} words @param {Content} error */
export function exceptions(form, changed, field, words, error) {
  const put = (/** @type {string[]} */ next) => {
    form[field] = next;
    changed();
  };
  return h("div", { class: "labelled", key: field }, words,
    h("div", { class: "row" }, form[field].map((one) => h("span", { class: "chip understood exception", key: one }, one.replace("T", " "),
      h("button", { type: "button", "aria-label": `Remove ${one}`, onclick: () => put(form[field].filter((other) => other !== one)) }, icon("close")))),
      h("input", {
        class: "field", type: "date", "aria-label": `${words}: add a day`, key: "add",
        onchange: (/** @type {Event} */ event) => {
          const day = valueOf(event);
          if (!day) return;
          /** @type {HTMLInputElement} */ (event.target).value = "";
          put([...new Set([...form[field], form.time ? `${day}T${form.time}` : day])].sort());
        },
      })), error);
}

/** The rule by hand. @param {Repeating} form @param {Changed} changed */
export function byHand(form, changed) {
  return [
    h("label", { class: "labelled" }, "As a rule (RRULE)", h("input", {
      class: "field mono", value: form.ruleText(), spellcheck: false, autocomplete: "off",
      onchange: (/** @type {Event} */ event) => {
        form.write(valueOf(event).trim().replace(/^RRULE:/i, ""));
        changed();
      },
    })),
    form.raw === null ? null : h("p", { class: "hint" }, "This rule is more than the choices above can show. ", h("button", { type: "button", class: "button quiet", onclick: () => { form.raw = null; changed(); } }, "Choose instead")),
  ];
}
