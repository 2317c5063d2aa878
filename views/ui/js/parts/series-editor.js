/**
 * How a task repeats: chosen, said in words, or as a rule; with the next times that it comes to while it is changed.
 *
 * Of a series that goes on, one occurrence, one and those that follow, or all can be changed. What is not changed is not
 * sent, so that it stays as the server has it.
 *
 * Why so long: all fields of the form share one state, and each changes what the others may be.
 */

import { Part, h, valueOf } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { HERE, addDays, sayFullDay, today } from "../lib/time.js";
import { daysLater, zoneName } from "../lib/grid.js";
import { WEEKDAYS, firstFit, readRule, ruleOn, writeRule } from "../lib/rule.js";
import { Refused, post } from "../net/api.js";
import { whenOf } from "../model/occurrences.js";
import { icon } from "./icon.js";
import "./when-field.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Series} Series */
/** @typedef {import("../model/types.js").When} When */
/** @typedef {import("../lib/rule.js").Rule} Rule */
/** @typedef {"this" | "this-and-following" | "all"} Scope */
/** @typedef {{task?: Task, series?: Series, occurrence?: string, due?: When, scope?: Scope}} About */

/** Milliseconds of rest after a change before it is previewed, and how many times are shown. */
const REST = 200;
const SHOWN = 6;

/** @type {[import("../lib/rule.js").Freq, string, string][]} */
const UNITS = [["DAILY", "day", "days"], ["WEEKLY", "week", "weeks"], ["MONTHLY", "month", "months"], ["YEARLY", "year", "years"]];
const NTH = [[1, "first"], [2, "second"], [3, "third"], [4, "fourth"], [-1, "last"]];
const MISSED = [
  ["next", "Only one is open; the older ones count as missed"],
  ["all", "Each stays open until it is done"],
  ["one-at-a-time", "The next one waits until this one is done"],
];

/** @param {string} code @param {"short" | "long"} style */
function weekdayName(code, style) {
  return new Intl.DateTimeFormat(undefined, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + WEEKDAYS.indexOf(code)));
}

/** @extends {Part<{app: App, about: About}>} */
export class SeriesEditor extends Part {
  /** The series that is changed; blank if one is made. */
  #id = "";
  /** @type {Scope} */
  #scope = "all";
  #day = today();
  #time = "";
  #zone = HERE;
  /** @type {Rule} */
  #rule = ruleOn(today());
  /** The rule as text, where it is written by hand. @type {string | null} */
  #raw = null;
  #after = false;
  #stopAfter = 0;
  #missed = "next";
  /** @type {string[]} */
  #exdate = [];
  /** @type {string[]} */
  #rdate = [];
  #title = "";
  /** @type {When | null} */
  #due = null;
  #words = "";
  #wordsSaid = "";
  /** @type {{items: {local: string, zone: string | null, instant: string | null}[], description: string, truncated: boolean} | null} */
  #preview = null;
  /** What is wrong, by field; blank for all of it. @type {Record<string, string>} */
  #errors = {};
  #offline = false;
  #saving = false;
  #begun = false;
  /** @type {Record<string, string>} */
  #before = {};
  #timer = 0;
  #asked = new AbortController();
  #wording = new AbortController();

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asked.abort();
    this.#wording.abort();
  }

  /** The series that is changed, as it is now. @returns {Series | undefined} */
  get #series() {
    const { app, about } = this.given;
    return this.#id ? (app.store.series(this.#id) ?? about.series) : undefined;
  }

  get #occurrence() {
    return this.given.about.occurrence ?? this.given.about.task?.original ?? "";
  }

  /** The task that the occurrence is, if it is one yet. @returns {Task | undefined} */
  get #task() {
    const { app, about } = this.given;
    if (about.task) return app.store.task(about.task.id) ?? about.task;
    const series = this.#series;
    return series && this.#occurrence ? app.store.tasks.find((one) => one.series === series.id && one.original === this.#occurrence) : undefined;
  }

  /** Takes over what is there. */
  #begin() {
    const { about } = this.given;
    this.#begun = true;
    this.#id = about.series?.id ?? about.task?.series ?? "";
    const series = this.#series;
    if (!series) {
      const due = about.task?.due ?? { date: today() };
      this.#from(due);
      this.#rule = ruleOn(this.#day);
      this.#soon();
      return;
    }
    this.#scope = about.scope ?? (this.#occurrence ? "this" : "all");
    this.#title = this.#task?.title ?? series.template.title;
    this.#due = this.#task?.due ?? about.due ?? (this.#occurrence ? whenOf(series, this.#occurrence) : null);
    this.#take();
  }

  /** The form as the series is, for what is to be changed of it. */
  #take() {
    const series = /** @type {Series} */ (this.#series);
    this.#from(this.#scope === "this-and-following" ? whenOf(series, this.#occurrence) : series.anchor);
    const read = readRule(series.rule, "date" in series.anchor ? series.anchor.date : series.anchor.local.slice(0, 10), this.#zone);
    this.#raw = read ? null : series.rule;
    if (read) this.#rule = read;
    this.#after = series.after_completion;
    this.#stopAfter = series.stop_after ?? 0;
    this.#missed = series.missed;
    this.#exdate = [...series.exdate];
    this.#rdate = [...series.rdate];
    this.#errors = {};
    this.#remember();
    if (this.#scope === "this-and-following" && this.#rule.count) void this.#left(series);
    this.#soon();
  }

  #remember() {
    this.#before = {
      rule: this.#ruleText(), anchor: JSON.stringify(this.#anchor()), missed: this.#missed, stop_after: String(this.#stopAfter),
      exdate: JSON.stringify(this.#exdate), rdate: JSON.stringify(this.#rdate), title: this.#title, due: JSON.stringify(this.#due),
    };
  }

  /** How often it comes from the occurrence on, of a series that comes so many times. @param {Series} series */
  async #left(series) {
    const body = { rule: series.rule, anchor: series.anchor, limit: 200 };
    const found = await post(`/workspaces/${this.given.app.route.workspace}/recurrence/preview`, body, this.#asked.signal).catch(() => null);
    const before = found?.items.filter((/** @type {{local: string}} */ one) => one.local < this.#occurrence).length;
    if (!found || this.#ruleText() !== this.#before.rule) return;
    this.#rule = { ...this.#rule, count: Math.max(1, this.#rule.count - before) };
    this.#before.rule = this.#ruleText();
    this.#soon();
  }

  /** @param {When} when */
  #from(when) {
    this.#day = "date" in when ? when.date : when.local.slice(0, 10);
    this.#time = "date" in when ? "" : when.local.slice(11, 16);
    this.#zone = "date" in when ? (this.given.app.store.workspace?.time_zone ?? HERE) : (when.zone ?? "");
    if ("date" in when) this.#zone = HERE;
  }

  /** @returns {When} */
  #anchor() {
    if (!this.#time) return { date: this.#day };
    return this.#zone ? { local: `${this.#day}T${this.#time}`, zone: this.#zone } : { local: `${this.#day}T${this.#time}` };
  }

  #ruleText() {
    const rule = this.#after ? { ...this.#rule, count: 0 } : this.#rule;
    return this.#raw ?? writeRule(rule, this.#anchor());
  }

  /** Something was chosen. @param {Partial<Rule>} [change] of the rule */
  #changed(change) {
    if (change) {
      this.#rule = { ...this.#rule, ...change };
      this.#raw = null;
      this.#day = firstFit(this.#rule, this.#day);
    }
    this.#errors = {};
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#show(), REST);
    this.refresh();
  }

  async #show() {
    this.#asked.abort();
    this.#asked = new AbortController();
    const body = {
      rule: this.#ruleText(), anchor: this.#anchor(), after_completion: this.#after, limit: SHOWN,
      ...(this.#after ? {} : { rdate: this.#rdate, exdate: this.#exdate }),
    };
    try {
      this.#preview = await post(`/workspaces/${this.given.app.route.workspace}/recurrence/preview`, body, this.#asked.signal);
      this.#offline = false;
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.#offline = !(error instanceof Refused);
      if (error instanceof Refused) this.#wrong(error.problem);
    }
    this.refresh();
  }

  /** @param {import("../model/types.js").Problem} problem */
  #wrong(problem) {
    this.#errors = Object.fromEntries((problem.errors ?? []).map((one) => [one.pointer.split("/")[1] ?? "", one.detail]));
    if (!Object.keys(this.#errors).length) this.#errors[""] = problem.detail;
  }

  /** @param {string} words */
  #said(words) {
    this.#words = words;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#understand(), REST);
    this.refresh();
  }

  async #understand() {
    this.#wording.abort();
    this.#wording = new AbortController();
    if (!this.#words.trim()) {
      this.#wordsSaid = "";
      this.refresh();
      return;
    }
    try {
      const body = { text: `x ${this.#words.trim()}`, zone: this.#zone || HERE, without: ["priority", "project", "label", "assignee", "reminder", "estimate"] };
      const { command } = await post("/parse", body, this.#wording.signal);
      if (command.type === "CreateSeries" && command.template.title === "x") {
        if (!this.#series) this.#after = command.after_completion;
        const timed = command.anchor.local;
        if (!timed && this.#time) this.#day = command.anchor.date;
        else this.#from(command.anchor);
        if (!timed && this.#time === "") this.#time = "";
        if (command.stop_after) this.#stopAfter = command.stop_after;
        const read = readRule(command.rule, this.#day, this.#zone || HERE);
        this.#raw = read ? null : command.rule;
        if (read) this.#rule = read;
        this.#wordsSaid = "";
        this.#changed();
        return;
      }
      this.#wordsSaid = "That is not understood yet; try “every 2nd Tuesday, 10 times” or “every 3 days after done”.";
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.#wordsSaid = error instanceof Refused ? error.message : "Words are understood once you are online; choose below.";
    }
    this.refresh();
  }

  // --- what is seen

  view() {
    if (!this.given.app) return null;
    if (!this.#begun) this.#begin();
    const series = this.#series;
    const one = series && this.#occurrence && this.#scope === "this";
    return h("form", { class: "series-editor stack", novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.#save(); } },
      series && this.#occurrence ? this.#scopes(series) : null,
      series ? h("label", { class: "labelled" }, "Title", h("input", { class: "field", value: this.#title, required: true, maxLength: 500, oninput: (/** @type {Event} */ event) => { this.#title = valueOf(event); } }), this.#error("template")) : null,
      one ? this.#single(series) : this.#recurring(series),
      this.#errors[""] ? h("p", { class: "error-text", role: "alert" }, this.#errors[""]) : null,
      h("div", { class: "row end" },
        h("button", { type: "button", class: "button", onclick: () => this.given.app.closeDialog() }, "Cancel"),
        h("button", { type: "submit", class: "button primary", disabled: this.#saving }, this.#saving ? "Saving…" : series ? "Save" : "Repeat it")));
  }

  /** @param {string} field */
  #error(field) {
    return this.#errors[field] ? h("span", { class: "error-text", role: "alert" }, this.#errors[field]) : null;
  }

  /** @param {Series} series */
  #scopes(series) {
    /** @type {[Scope, string][]} */
    const scopes = series.after_completion ? [["this", "This one"], ["all", "All"]] : [["this", "This one"], ["this-and-following", "This and following"], ["all", "All"]];
    return h("div", { class: "segments", role: "group", "aria-label": "What to change" }, scopes.map(([scope, words]) => h("button", {
      type: "button", class: "segment words", key: scope, "aria-pressed": String(this.#scope === scope),
      onclick: () => {
        this.#scope = scope;
        this.#take();
      },
    }, words)));
  }

  /** @param {Series} series */
  #single(series) {
    const { app } = this.given;
    const task = this.#task;
    const later = (/** @type {number} */ days) => this.#put(this.#due && daysLater(this.#due, days), task ? { type: "PostponeTask", task: task.id } : null);
    return [
      h("when-field", { key: "when", given: { app, value: this.#due, label: "When this one is due", change: (/** @type {When | null} */ due) => { this.#due = due; }, enter: () => void this.#save() } }),
      this.#error("due"),
      h("div", { class: "row", role: "group", "aria-label": "This one", key: "one" },
        h("button", { type: "button", class: "button", onclick: () => later(1) }, "A day later"),
        h("button", { type: "button", class: "button", onclick: () => later(7) }, "A week later"),
        h("button", { type: "button", class: "button", onclick: () => this.#skip(series) }, "Skip this one")),
    ];
  }

  /** @param {Series | undefined} series */
  #recurring(series) {
    const rule = this.#rule;
    const units = UNITS.map(([freq, single, many]) => h("option", { key: freq, value: freq, selected: rule.freq === freq }, rule.interval === 1 ? single : many));
    return h("div", { class: "stack", key: "recurring" },
      h("label", { class: "labelled" }, "In words",
        h("input", {
          class: "field", value: this.#words, placeholder: "every 2nd Tuesday, 10 times", autocomplete: "off", "aria-describedby": "words-said",
          oninput: (/** @type {Event} */ event) => this.#said(valueOf(event)), hook: (/** @type {HTMLElement} */ input) => setTimeout(() => !this.#series && input.focus()),
        }),
        h("span", { class: `hint${this.#wordsSaid ? " error-text" : ""}`, id: "words-said", "aria-live": "polite" }, this.#wordsSaid || "Or choose below.")),
      this.#raw === null ? [
        h("div", { class: "row builder-line", key: "every" }, h("span", null, "Every"),
          h("input", { class: "field number", type: "number", min: "1", max: "999", value: String(rule.interval), "aria-label": "How many", oninput: (/** @type {Event} */ event) => this.#changed({ interval: Math.max(1, Number(valueOf(event)) || 1) }) }),
          h("select", { class: "field unit", "aria-label": "Of what", onchange: (/** @type {Event} */ event) => this.#unit(/** @type {any} */ (valueOf(event))) }, units),
          this.#after ? h("span", null, "after it is done") : null),
        this.#on(rule),
      ] : null,
      h("div", { class: "row builder-line", key: "first" },
        h("label", { class: "labelled" }, series && this.#scope === "this-and-following" ? "From" : "First on", h("input", { class: "field", type: "date", value: this.#day, required: true, onchange: (/** @type {Event} */ event) => this.#first(valueOf(event)) })),
        h("label", { class: "labelled" }, "Time", h("input", { class: "field", type: "time", value: this.#time, onchange: (/** @type {Event} */ event) => { this.#time = valueOf(event).slice(0, 5); this.#changed(); } })),
        this.#time && this.#zone !== HERE ? h("span", { class: "hint" }, this.#zone ? `in ${zoneName(this.#zone)}` : "wherever one is") : null,
        this.#error("anchor")),
      this.#raw === null && !this.#after ? this.#ends(rule) : null,
      this.#error("rule"),
      this.#more(series),
      this.#times());
  }

  /** @param {import("../lib/rule.js").Freq} freq */
  #unit(freq) {
    const { interval, until, count } = this.#rule;
    this.#changed({ ...ruleOn(this.#day, freq), interval, until, count });
  }

  /** @param {string} day */
  #first(day) {
    if (!day) return;
    this.#day = day;
    if (this.#raw === null) {
      const { freq, interval, until, count, skip, by, days, date } = this.#rule;
      const fresh = ruleOn(day, freq);
      const kept = freq === "WEEKLY" && days.length > 1 ? { days: [...new Set([...days, ...fresh.days])] } : {};
      this.#rule = { ...fresh, interval, until, count, skip, by, ...(date === -1 ? { date } : {}), ...kept };
      this.#day = firstFit(this.#rule, day);
    }
    this.#changed();
  }

  /** On which days of the week, month or year. @param {Rule} rule */
  #on(rule) {
    if (rule.freq === "WEEKLY") {
      return h("div", { class: "weekdays", role: "group", "aria-label": "On", key: "weekdays" }, WEEKDAYS.map((code) => h("button", {
        type: "button", class: "weekday", key: code, "aria-pressed": String(rule.days.includes(code)), "aria-label": weekdayName(code, "long"),
        onclick: () => {
          const days = rule.days.includes(code) ? rule.days.filter((one) => one !== code) : [...rule.days, code];
          if (days.length) this.#changed({ days });
        },
      }, weekdayName(code, "short"))));
    }
    if (rule.freq === "DAILY") return null;
    const yearly = rule.freq === "YEARLY";
    const radio = (/** @type {"date" | "nth"} */ by, /** @type {import("../lib/dom.js").Content} */ content) => h("label", { class: "row builder-line", key: by },
      h("input", { type: "radio", name: "by", value: by, checked: rule.by === by, onchange: () => this.#changed({ by }) }), content);
    const dates = [...Array.from({ length: 31 }, (_, index) => index + 1), -1];
    return h("fieldset", { class: "stack tight", key: "month" }, h("legend", { class: "unseen" }, yearly ? "On which day of the year" : "On which day of the month"),
      radio("date", yearly ? h("span", null, "on the same date") : [h("span", null, "on day"), h("select", { class: "field", "aria-label": "Day of the month", onchange: (/** @type {Event} */ event) => this.#changed({ by: "date", date: Number(valueOf(event)) }) },
        dates.map((date) => h("option", { key: date, value: String(date), selected: rule.date === date }, date === -1 ? "last" : String(date))))]),
      radio("nth", [h("span", null, "on the"),
        h("select", { class: "field", "aria-label": "Which", onchange: (/** @type {Event} */ event) => this.#changed({ by: "nth", nth: Number(valueOf(event)) }) }, NTH.map(([nth, words]) => h("option", { key: nth, value: String(nth), selected: rule.nth === nth }, words))),
        h("select", { class: "field", "aria-label": "Weekday", onchange: (/** @type {Event} */ event) => this.#changed({ by: "nth", nthDay: valueOf(event) }) }, WEEKDAYS.map((code) => h("option", { key: code, value: code, selected: rule.nthDay === code }, weekdayName(code, "long"))))]),
      rule.by === "date" && (rule.date > 28 || yearly) ? h("label", { class: "labelled", key: "skip" }, yearly ? "In years without that day" : "In months that are too short", h("select", { class: "field", onchange: (/** @type {Event} */ event) => this.#changed({ skip: /** @type {any} */ (valueOf(event)) }) },
        [["", "leave it out"], ["BACKWARD", "take the day before"], ["FORWARD", "take the day after"]].map(([value, words]) => h("option", { key: value, value, selected: rule.skip === value }, words)))) : null);
  }

  /** @param {Rule} rule */
  #ends(rule) {
    const kind = rule.count ? "count" : rule.until ? "until" : "never";
    const choose = (/** @type {string} */ value) => this.#changed(value === "count" ? { count: 10, until: "" } : value === "until" ? { until: addDays(this.#day, 90), count: 0 } : { until: "", count: 0 });
    return h("div", { class: "row builder-line", key: "ends" },
      h("label", { class: "labelled" }, "Ends", h("select", { class: "field", onchange: (/** @type {Event} */ event) => choose(valueOf(event)) },
        [["never", "never"], ["until", "on a day"], ["count", "after some times"]].map(([value, words]) => h("option", { key: value, value, selected: kind === value }, words)))),
      rule.until ? h("label", { class: "labelled", key: "until" }, "Last day", h("input", { class: "field", type: "date", value: rule.until, onchange: (/** @type {Event} */ event) => valueOf(event) && this.#changed({ until: valueOf(event) }) })) : null,
      rule.count ? h("label", { class: "labelled", key: "count" }, "Times", h("input", { class: "field number", type: "number", min: "1", max: "1000", value: String(rule.count), oninput: (/** @type {Event} */ event) => Number(valueOf(event)) > 0 && this.#changed({ count: Number(valueOf(event)) }) })) : null);
  }

  /** What few need. @param {Series | undefined} series */
  #more(series) {
    return h("details", { class: "more-choices", key: "more" }, h("summary", null, "More choices"),
      h("div", { class: "stack" },
        h("label", { class: "row builder-line" }, h("input", { type: "checkbox", checked: this.#after, disabled: Boolean(series), onchange: (/** @type {Event} */ event) => { this.#after = /** @type {HTMLInputElement} */ (event.target).checked; this.#changed(); } }),
          h("span", null, "Count from when it is done", series ? h("span", { class: "hint" }, " (cannot be changed later)") : null)),
        h("label", { class: "labelled" }, "If it is not done in time", h("select", { class: "field", onchange: (/** @type {Event} */ event) => { this.#missed = valueOf(event); } },
          MISSED.map(([value, words]) => h("option", { key: value, value, selected: this.#missed === value }, words)))),
        h("label", { class: "labelled" }, "Stop once it was done so many times", h("input", { class: "field number", type: "number", min: "0", max: "1000", placeholder: "never", value: this.#stopAfter ? String(this.#stopAfter) : "", oninput: (/** @type {Event} */ event) => { this.#stopAfter = Math.max(0, Number(valueOf(event)) || 0); } }), this.#error("stop_after")),
        this.#after ? null : this.#exceptions("exdate", "Left out", this.#exdate),
        this.#after ? null : this.#exceptions("rdate", "Extra", this.#rdate),
        h("label", { class: "labelled" }, "As a rule (RRULE)", h("input", {
          class: "field mono", value: this.#ruleText(), spellcheck: false, autocomplete: "off",
          onchange: (/** @type {Event} */ event) => {
            const text = valueOf(event).trim().replace(/^RRULE:/i, "");
            const read = readRule(text, this.#day, this.#zone || HERE);
            this.#raw = read && writeRule(read, this.#anchor()) === text ? null : text;
            if (read && this.#raw === null) this.#rule = read;
            this.#changed();
          },
        })),
        this.#raw === null ? null : h("p", { class: "hint" }, "This rule is more than the choices above can show. ", h("button", { type: "button", class: "button quiet", onclick: () => { this.#raw = null; this.#changed(); } }, "Choose instead"))));
  }

  /** @param {"exdate" | "rdate"} field @param {string} words @param {string[]} list */
  #exceptions(field, words, list) {
    const set = (/** @type {string[]} */ next) => {
      if (field === "exdate") this.#exdate = next;
      else this.#rdate = next;
      this.#changed();
    };
    return h("div", { class: "labelled", key: field }, words,
      h("div", { class: "row" }, list.map((one) => h("span", { class: "chip understood exception", key: one }, one.replace("T", " "),
        h("button", { type: "button", "aria-label": `Remove ${one}`, onclick: () => set(list.filter((other) => other !== one)) }, icon("close")))),
        h("input", {
          class: "field", type: "date", "aria-label": `${words}: add a day`, key: "add",
          onchange: (/** @type {Event} */ event) => {
            const day = valueOf(event);
            if (!day) return;
            /** @type {HTMLInputElement} */ (event.target).value = "";
            set([...new Set([...list, this.#time ? `${day}T${this.#time}` : day])].sort());
          },
        })), this.#error(field));
  }

  /** The next times that it comes to. */
  #times() {
    const found = this.#preview;
    if (this.#offline) return h("p", { class: "hint", role: "status", key: "times" }, "The next times are shown once you are online. You can save all the same.");
    return h("section", { class: "preview", "aria-label": "What it comes to", "aria-live": "polite", key: "times" },
      h("p", { class: "preview-said" }, icon("repeat"), h("span", null, found ? found.description : "…")),
      found && !Object.keys(this.#errors).length ? h("ol", null, found.items.map((one) => h("li", { key: one.local }, sayFullDay(one.local.slice(0, 10)), one.local.length > 10 ? `, ${one.local.slice(11, 16)}` : "", gone(one)))) : null,
      found?.truncated ? h("p", { class: "hint" }, this.#after ? "… and on, if each is done on its day." : "… and so on.") : null);
  }

  // --- what is done

  async #save() {
    const { app, about } = this.given;
    const series = this.#series;
    if (!series) {
      const task = /** @type {Task} */ (about.task);
      const extra = { missed: this.#missed, after_completion: this.#after, ...(this.#stopAfter ? { stop_after: this.#stopAfter } : {}), ...(this.#after ? {} : { rdate: this.#rdate, exdate: this.#exdate }) };
      return this.#send({ type: "CreateSeries", series: uuid(), task: task.id, rule: this.#ruleText(), anchor: this.#anchor(), ...extra }, `“${task.title}” repeats${this.#preview ? `: ${this.#preview.description}` : ""}`);
    }
    const template = this.#title.trim() && this.#title.trim() !== this.#before.title ? { title: this.#title.trim() } : null;
    if (this.#scope === "this") {
      const due = JSON.stringify(this.#due) === this.#before.due ? {} : { due: this.#due };
      const task = this.#task;
      if (!template && !("due" in due)) return app.closeDialog();
      if (task) {
        app.closeDialog();
        return void app.edit(task, { ...template, ...due }, `Changed “${task.title}”`);
      }
      return this.#send({ type: "EditSeries", series: series.id, scope: "this", occurrence: this.#occurrence, ...(template ? { template } : {}), ...due }, `Changed one “${series.template.title}”`);
    }
    const now = { rule: this.#ruleText(), anchor: JSON.stringify(this.#anchor()), missed: this.#missed, stop_after: String(this.#stopAfter), exdate: JSON.stringify(this.#exdate), rdate: JSON.stringify(this.#rdate) };
    const values = { rule: now.rule, anchor: this.#anchor(), missed: this.#missed, stop_after: this.#stopAfter || null, exdate: this.#exdate, rdate: this.#rdate };
    const changed = Object.fromEntries(Object.entries(values).filter(([name]) => /** @type {any} */ (now)[name] !== this.#before[name]));
    if (!template && !Object.keys(changed).length) return app.closeDialog();
    const where = this.#scope === "this-and-following" ? { occurrence: this.#occurrence, into: uuid() } : {};
    return this.#send({ type: "EditSeries", series: series.id, scope: this.#scope, ...where, ...changed, ...(template ? { template } : {}) }, this.#scope === "all" ? `Changed all of “${series.template.title}”` : `Changed “${series.template.title}” from ${this.#occurrence.slice(0, 10)} on`);
  }

  /** @param {When | null} due @param {{type: string, task: string} | null} task */
  #put(due, task) {
    const series = /** @type {Series} */ (this.#series);
    if (!due) return;
    const command = task ? { ...task, to: due } : { type: "EditSeries", series: series.id, scope: "this", occurrence: this.#occurrence, due };
    void this.#send(command, `Put off “${this.#title}”`);
  }

  /** @param {Series} series */
  #skip(series) {
    const task = this.#task;
    void this.#send(task ? { type: "SkipTask", task: task.id } : { type: "SkipOccurrence", series: series.id, occurrence: this.#occurrence }, `Skipped one “${series.template.title}”`);
  }

  /** Sends it; what is refused is shown here, and nothing of it is kept. @param {import("../model/types.js").Command} command @param {string} said */
  async #send(command, said) {
    const { app } = this.given;
    const deciding = app.send(command, { said });
    if (app.feed?.state !== "live") return app.closeDialog();
    this.#saving = true;
    this.refresh();
    const outcome = await deciding;
    this.#saving = false;
    if (outcome?.status === "refused" && this.isConnected) {
      this.#wrong(/** @type {import("../model/types.js").Problem} */ (outcome.problem));
      if (command.task) void app.outbox?.drop(outcome.id);
      this.refresh();
    } else if (this.isConnected) app.closeDialog();
  }
}

/** What is to be said of a time that the clocks of its zone have not. @param {{local: string, zone: string | null, instant: string | null}} one */
function gone(one) {
  if (!one.zone || !one.instant) return null;
  const there = new Intl.DateTimeFormat("en-GB", { timeZone: one.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(Date.parse(one.instant));
  return there === one.local.slice(11, 16) ? null : h("span", { class: "hint" }, ` (${there}: the clocks are changed)`);
}

customElements.define("series-editor", SeriesEditor);
