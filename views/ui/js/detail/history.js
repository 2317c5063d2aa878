/**
 * The history of a task: every step in words, to be undone; and the task as it was after any of them, to be brought back.
 *
 * The steps are the audit entries, put together by the command that made them. They are read when the dialog is opened,
 * and what comes live is read behind the last one.
 */

import { Part, h } from "../lib/dom.js";
import { sayAgo, sayInstant } from "../lib/time.js";
import { get } from "../net/api.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { actorMark } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { bringBack, snapshot } from "./asof.js";
import { fieldName } from "../model/values.js";
import { happened, inTheWay, sayChange, shownChanges } from "../parts/changes.js";
import { CLOCK, who } from "../model/saying.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Entry} Entry */
/** @typedef {import("../model/types.js").Task} Task */
/** What one command did. @typedef {{command: string, actor: string, at: string, position: number, entries: Entry[], undoes: number[]}} Step */

/** Milliseconds that the slider rests before the task as of there is asked for. */
const REST = 90;

/** Entries that are read at most. */
const MOST = 4_000;

/** @extends {Part<{app: App, task: string}>} */
class TaskHistory extends Part {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {"loading" | "here" | "failed"} */
  #state = "loading";
  #trouble = "";
  #stopped = new AbortController();
  /** The step that is looked at; null: the newest. @type {number | null} */
  #chosen = null;
  /** Tasks as of positions. @type {Map<number, Task>} */
  #past = new Map();
  #timer = 0;
  #asked = new AbortController();
  /** On a narrow screen one of both is shown. @type {"steps" | "then"} */
  #side = "steps";
  #reading = false;
  /** The newest event that it was read for: once, whatever comes of it. */
  #heard = 0;
  /** True if something came while it was read. */
  #again = false;

  connectedCallback() {
    super.connectedCallback();
    void this.#read();
  }

  disconnectedCallback() {
    this.#stopped.abort();
    this.#asked.abort();
    clearTimeout(this.#timer);
  }

  get #at() {
    return `/workspaces/${this.given.app.route.workspace}/tasks/${this.given.task}`;
  }

  /** Reads what comes after what is known. */
  async #read() {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#again = false;
    try {
      let cursor;
      const after = this.#entries.at(-1)?.position;
      do {
        const page = await get(`${this.#at}/history`, cursor ? { cursor, limit: 200 } : { after, limit: 200 }, this.#stopped.signal);
        const known = this.#entries.at(-1)?.position ?? 0;
        this.#entries = [...this.#entries, ...page.items.filter((/** @type {Entry} */ one) => one.position > known)];
        cursor = page.next_cursor;
      } while (cursor && this.#entries.length < MOST);
      this.#state = "here";
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      if (!this.#entries.length) this.#state = "failed";
      this.#trouble = /** @type {Error} */ (error).message;
    } finally {
      this.#reading = false;
    }
    if (this.#again) void this.#read();
    this.refresh();
  }

  /** What one command did is one step, oldest first. @returns {Step[]} */
  #steps() {
    /** @type {Step[]} */
    const steps = [];
    /** @type {Map<string, Step>} */
    const known = new Map();
    for (const entry of this.#entries) {
      const name = `${entry.actor} ${entry.command}`;
      const found = known.get(name);
      const undoes = entry.undoes ? [entry.undoes] : [];
      if (found) {
        found.entries.push(entry);
        found.position = entry.position;
        found.undoes.push(...undoes);
      } else {
        const step = { command: entry.command, actor: entry.actor, at: entry.at, position: entry.position, entries: [entry], undoes };
        known.set(name, step);
        steps.push(step);
      }
    }
    return steps;
  }

  /** Steps that were undone, with those that undid them, unless that was undone again. @param {Step[]} steps @returns {Map<Step, Step>} */
  #undone(steps) {
    /** @type {Map<Step, Step>} */
    const undone = new Map();
    for (const later of steps.toReversed()) {
      if (undone.has(later)) continue;
      for (const step of steps) if (step.entries.some((one) => later.undoes.includes(one.position))) undone.set(step, later);
    }
    return undone;
  }

  /** What was done at positions, in words. @param {number[]} positions */
  #words(positions) {
    const entries = this.#entries.filter((one) => positions.includes(one.position));
    return [...new Set(entries.map((one) => happened(one.type, one.changes)))].join(" and ") || "a step";
  }

  /** Asks for the task as of a position, once the slider rests. @param {number} position */
  #ask(position) {
    clearTimeout(this.#timer);
    this.#asked.abort();
    if (this.#past.has(position)) return;
    const asked = new AbortController();
    this.#asked = asked;
    this.#timer = setTimeout(async () => {
      try {
        this.#past.set(position, await get(this.#at, { as_of: position }, asked.signal));
        this.#trouble = "";
      } catch (error) {
        if (asked.signal.aborted) return;
        this.#trouble = /** @type {Error} */ (error).message;
      }
      this.refresh();
    }, REST);
  }

  /** @param {Step} step @param {boolean} [show] on a narrow screen, the task instead of the steps */
  #choose(step, show = false) {
    this.#chosen = step.position;
    if (show) this.#side = "then";
    this.#ask(step.position);
    this.refresh();
  }

  view() {
    const { app, task: id } = this.given;
    if (!app) return null;
    const newest = app.recent.findLast((event) => event.task === id);
    if (newest && this.#state === "here" && newest.position > Math.max(this.#heard, this.#entries.at(-1)?.position ?? 0)) {
      this.#heard = newest.position;
      void this.#read();
    }
    const now = app.store.task(id);
    if (this.#state === "loading") return h("p", { class: "hint history-wait" }, "Reading the history…");
    if (this.#state === "failed" || !now) {
      return h("div", { class: "history-wait" }, h("p", null, app.feed?.state === "live" ? this.#trouble : "You are offline. The history is on the server; it can be read when you are online again."),
        h("button", { type: "button", class: "button", onclick: () => { this.#state = "loading"; this.refresh(); void this.#read(); } }, "Try again"));
    }
    const steps = this.#steps();
    const undone = this.#undone(steps);
    const found = steps.findIndex((one) => one.position === this.#chosen);
    const index = found < 0 ? steps.length - 1 : found;
    const step = steps[index];
    if (!step) return h("p", { class: "hint" }, "Nothing has happened to this task yet.");
    return [
      this.#slider(steps, index),
      h("div", { class: "segments sides-choice", key: "sides", role: "group", "aria-label": "What is shown" }, /** @type {["steps" | "then", string][]} */ ([["steps", "Steps"], ["then", "As it was"]]).map(([side, name]) =>
        h("button", { type: "button", class: "segment", key: side, "aria-pressed": String(this.#side === side), onclick: () => { this.#side = side; this.refresh(); } }, name))),
      h("div", { class: `history-sides showing-${this.#side}`, key: "both" },
        h("ol", {
          class: "steps", key: "steps", "aria-label": "Steps, newest first", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        }, steps.map((one, at) => this.#step(one, at === index, undone)).reverse()),
        this.#then(now, step, index === steps.length - 1)),
    ];
  }

  /** @param {Step[]} steps @param {number} index */
  #slider(steps, index) {
    const step = steps[index];
    return h("div", { class: "slider", key: "slider" },
      h("label", { class: "labelled grow" }, "As it was on…",
        h("input", {
          type: "range", min: "0", max: String(steps.length - 1), step: "1", value: String(index), disabled: steps.length < 2, "aria-valuetext": `${sayInstant(step.at)}, step ${index + 1} of ${steps.length}`,
          oninput: (/** @type {Event} */ event) => {
            this.#choose(steps[Number(/** @type {HTMLInputElement} */ (event.target).value)]);
            this.render();
            this.querySelector(".step.chosen")?.scrollIntoView({ block: "nearest" });
          },
        })),
      h("div", { class: "slider-said" }, h("strong", null, index === steps.length - 1 ? "Now" : sayInstant(step.at)), h("span", { class: "hint" }, `step ${index + 1} of ${steps.length}`)));
  }

  /** Arrows go from step to step. @param {KeyboardEvent} event */
  #key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!by || !(event.target instanceof Element) || !event.target.closest(".step-choose")) return;
    event.preventDefault();
    event.stopPropagation();
    const all = /** @type {HTMLElement[]} */ ([...this.querySelectorAll(".step-choose")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (event.target.closest(".step-choose")));
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    next.focus();
    next.click();
    this.#side = "steps";
  }

  /** @param {Step} step @param {boolean} chosen @param {Map<Step, Step>} undone */
  #step(step, chosen, undone) {
    const { app } = this.given;
    const by = undone.get(step);
    const undoing = step.undoes.length > 0;
    const types = [...new Map(step.entries.map((entry) => [entry.type, entry])).values()];
    const what = undoing ? `undid “${this.#words(step.undoes)}”` : types.map((entry) => happened(entry.type, step.entries.filter((one) => one.type === entry.type).flatMap((one) => one.changes))).join(" and ");
    const refused = app.store.waitingFor(this.given.task).find((one) => one.command.type === "Undo" && one.command.position === step.position && one.state === "refused");
    const sending = app.store.waitingFor(this.given.task).some((one) => one.command.type === "Undo" && one.command.position === step.position && (one.state === "waiting" || one.state === "sent"));
    const clock = step.actor === CLOCK;
    const changes = step.entries.flatMap((entry) => shownChanges(entry));
    return h("li", { key: step.position, class: `step${chosen ? " chosen" : ""}${by ? " undone" : ""}` },
      h("button", { type: "button", class: "step-choose", "aria-pressed": String(chosen), onclick: () => this.#choose(step, true) },
        actorMark(step.actor), h("span", { class: "grow" }, h("strong", null, who(step.actor)), ` ${what}`),
        h("time", { class: "hint", dateTime: step.at, title: sayInstant(step.at) }, sayAgo(step.at))),
      !by && !clock && !refused && app.may("commenter") ? h("button", { type: "button", class: "button quiet step-undo", key: "undo", disabled: sending, "aria-label": `Undo: ${what}`, onclick: () => void app.send({ type: "Undo", task: this.given.task, position: step.position }, app.feed?.state === "live" ? {} : { said: "Undone" }) },
        icon("undo"), sending ? "Undoing…" : undoing ? "Do it again" : "Undo") : null,
      changes.length ? h("dl", { class: "changes" }, changes.map((change, index) => [h("dt", { key: `${index} name` }, fieldName(change.field)), h("dd", { key: index }, sayChange(app, change))])) : null,
      by ? h("p", { class: "hint", key: "by" }, `Undone by ${who(by.actor)}, ${sayAgo(by.at)}`) : null,
      refused ? h("div", { class: "refused", key: "refused", role: "alert" },
        h("p", null, h("strong", null, "This cannot be undone by itself. "), detailOf(refused.problem?.detail)),
        refused.problem?.conflicts?.length ? [h("p", { key: "since", class: "hint" }, "What stands in the way:"), inTheWay(app, refused.problem.conflicts)] : null,
        h("div", { class: "row" }, h("button", { type: "button", class: "button", onclick: () => void app.outbox?.drop(refused.id) }, "All right"))) : null);
  }

  /** The task as it was after a step. @param {Task} now @param {Step} step @param {boolean} newest */
  #then(now, step, newest) {
    const { app } = this.given;
    const then = newest ? now : this.#past.get(step.position);
    return h("section", { class: "then", key: "then", "aria-label": newest ? "The task now" : `The task on ${sayInstant(step.at)}`, tabIndex: 0 },
      h("div", { class: "then-head" }, h("h3", { class: "grow" }, newest ? "As it is now" : `As it was on ${sayInstant(step.at)}`),
        !newest && then && app.may("editor") ? h("button", { type: "button", class: "button primary", onclick: () => bringBack(app, then, now, step.at) }, icon("history"), "Bring this version back") : null),
      then ? snapshot(app, then, now) : h("p", { class: "hint" }, this.#trouble || "Looking it up…"));
  }
}

/** A refusal without the name of the event, which the step says already. @param {string} [detail] */
function detailOf(detail = "") {
  return detail.replace(/^\w+ at position \d+: /, "");
}

customElements.define("task-history", TaskHistory);

dialog("history", (app, /** @type {{task: string}} */ { task }) => [
  dialogHead(app, "History", app.store.task(task)?.title),
  h("task-history", { given: { app, task }, key: task }),
]);
