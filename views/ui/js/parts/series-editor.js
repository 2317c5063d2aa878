/**
 * How a task repeats: chosen, said in words, or as a rule; with the next times that it comes to while it is changed.
 *
 * Of a series that goes on, one occurrence, one and those that follow, or all can be changed. What is not changed is not
 * sent, so that it stays as the server has it.
 */

import { Part, h, valueOf } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { HERE, today } from "../lib/time.js";
import { daysLater } from "../lib/grid.js";
import { Refused } from "../net/api.js";
import { previewOf } from "../net/recurrence.js";
import { whenOf } from "../model/occurrences.js";
import { Repeating } from "../model/repeating.js";
import { byHand, ends, every, exceptions, first, on, select } from "./rule-builder.js";
import { times } from "./series-times.js";
import "./recurrence-words.js";
import "./when-field.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {import("../model/types.js").Series} Series */
/** @typedef {import("../model/types.js").When} When */
/** @typedef {"this" | "this-and-following" | "all"} Scope */
/** @typedef {{task?: Task, series?: Series, occurrence?: string, due?: When, scope?: Scope}} About */

/** Milliseconds of rest after a change before it is previewed, and how many times are shown. */
const REST = 200;
const SHOWN = 6;

const MISSED = [
  ["next", "Only one is open; the older ones count as missed"],
  ["all", "Each stays open until it is done"],
  ["one-at-a-time", "The next one waits until this one is done"],
];

/** @extends {Part<{app: App, about: About}>} */
export class SeriesEditor extends Part {
  /** The series that is changed; blank if one is made. */
  #id = "";
  /** @type {Scope} */
  #scope = "all";
  #form = new Repeating();
  #title = "";
  /** When the one occurrence is due. @type {When | null} */
  #due = null;
  /** Title and due value as they were taken over. */
  #taken = { title: "", due: "" };
  /** @type {import("./series-times.js").Preview | null} */
  #preview = null;
  /** What is wrong, by field; blank for all of it. @type {Record<string, string>} */
  #errors = {};
  #offline = false;
  #saving = false;
  #begun = false;
  #timer = 0;
  #asked = new AbortController();
  #closed = new AbortController();

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asked.abort();
    this.#closed.abort();
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
      this.#form.begin(about.task?.due ?? { date: today() });
      this.#soon();
      return;
    }
    this.#scope = about.scope ?? (this.#occurrence ? "this" : "all");
    this.#title = this.#task?.title ?? series.template.title;
    this.#due = this.#task?.due ?? about.due ?? (this.#occurrence ? whenOf(series, this.#occurrence) : null);
    this.#taken = { title: this.#title, due: JSON.stringify(this.#due) };
    this.#take();
  }

  /** The form as the series is, for what is to be changed of it. */
  #take() {
    const series = /** @type {Series} */ (this.#series);
    const following = this.#scope === "this-and-following";
    this.#form.take(series, following ? whenOf(series, this.#occurrence) : series.anchor);
    this.#errors = {};
    if (following && this.#form.rule.count) void this.#left(series);
    this.#soon();
  }

  /** How often it comes from the occurrence on, of a series that comes so many times. @param {Series} series */
  async #left(series) {
    const { rule, anchor } = series;
    const found = await previewOf(this.given.app.route.workspace, { rule, anchor }, 200, this.#closed.signal).catch(() => null);
    if (!found) return;
    this.#form.without(found.items.filter((one) => one.local < this.#occurrence).length);
    this.#soon();
  }

  /** Something was chosen. */
  #changed = () => {
    this.#errors = {};
    this.#soon();
  };

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#show(), REST);
    this.refresh();
  }

  async #show() {
    this.#asked.abort();
    this.#asked = new AbortController();
    try {
      this.#preview = await previewOf(this.given.app.route.workspace, this.#form.recurrence(), SHOWN, this.#asked.signal);
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

  /** What the words are. @param {any} command */
  #understood = (command) => {
    if (!this.#series) this.#form.after = command.after_completion;
    this.#form.understood(command);
    this.#changed();
  };

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
    const form = this.#form;
    const chosen = form.raw === null; // by hand it may be more than these fields can show
    return h("div", { class: "stack", key: "recurring" },
      h("recurrence-words", { given: { zone: form.zone || HERE, understood: this.#understood, focused: !series } }),
      chosen ? [every(form, this.#changed), on(form, this.#changed)] : null,
      first(form, this.#changed, series && this.#scope === "this-and-following" ? "From" : "First on", this.#error("anchor")),
      chosen && !form.after ? ends(form, this.#changed) : null,
      this.#error("rule"),
      this.#more(series),
      times(this.#preview, { after: form.after, wrong: Object.keys(this.#errors).length > 0, offline: this.#offline }));
  }

  /** What few need. @param {Series | undefined} series */
  #more(series) {
    const form = this.#form;
    return h("details", { class: "more-choices", key: "more" }, h("summary", null, "More choices"),
      h("div", { class: "stack" },
        h("label", { class: "row builder-line" }, h("input", { type: "checkbox", checked: form.after, disabled: Boolean(series), onchange: (/** @type {Event} */ event) => { form.after = /** @type {HTMLInputElement} */ (event.target).checked; this.#changed(); } }),
          h("span", null, "Count from when it is done", series ? h("span", { class: "hint" }, " (cannot be changed later)") : null)),
        h("label", { class: "labelled" }, "If it is not done in time", select({}, MISSED, form.missed, (value) => { form.missed = value; })),
        h("label", { class: "labelled" }, "Stop once it was done so many times", h("input", { class: "field number", type: "number", min: "0", max: "1000", placeholder: "never", value: form.stopAfter ? String(form.stopAfter) : "", oninput: (/** @type {Event} */ event) => { form.stopAfter = Math.max(0, Number(valueOf(event)) || 0); } }), this.#error("stop_after")),
        form.after ? null : [exceptions(form, this.#changed, "exdate", "Left out", this.#error("exdate")), exceptions(form, this.#changed, "rdate", "Extra", this.#error("rdate"))],
        byHand(form, this.#changed)));
  }

  // --- what is done

  async #save() {
    const { app, about } = this.given;
    const series = this.#series;
    if (!series) {
      const task = /** @type {Task} */ (about.task);
      return this.#send({ type: "CreateSeries", series: uuid(), task: task.id, ...this.#form.fresh() }, `“${task.title}” repeats${this.#preview ? `: ${this.#preview.description}` : ""}`);
    }
    const template = this.#title.trim() && this.#title.trim() !== this.#taken.title ? { title: this.#title.trim() } : null;
    if (this.#scope === "this") {
      const due = JSON.stringify(this.#due) === this.#taken.due ? {} : { due: this.#due };
      const task = this.#task;
      if (!template && !("due" in due)) return app.closeDialog();
      if (task) {
        app.closeDialog();
        return void app.edit(task, { ...template, ...due }, `Changed “${task.title}”`);
      }
      return this.#send({ type: "EditSeries", series: series.id, scope: "this", occurrence: this.#occurrence, ...(template ? { template } : {}), ...due }, `Changed one “${series.template.title}”`);
    }
    const changed = this.#form.changes();
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

customElements.define("series-editor", SeriesEditor);
