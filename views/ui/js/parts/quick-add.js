/**
 * One line for a new task. What was understood of it is marked while it is typed, and said below; the rest is the title.
 *
 * Words that were not understood yet, for want of time or of a network, are kept as they are and understood when they are
 * sent, by the time of writing.
 */

import { Part, h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { HERE, instantOf, today } from "../lib/time.js";
import { made } from "../model/making.js";
import { sayProblem } from "../model/saying.js";
import { post } from "../net/api.js";
import { icon } from "./icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {{start: number, end: number, kind: string, text: string, meaning: string}} Understood */
/** @typedef {{text: string, title: string, understood: Understood[], command: any, reminders: any[], description: string}} Parsed */

/** Milliseconds of rest after a key before the line is parsed. */
const REST = 60;

const DRAFT = "tasksys.draft.add";

/** A time without a day: it is meant on the day of the place, where that gives one. */
const TIME_ALONE = /^(at |@ ?|um |by )?\d{1,2}([:.]\d{2})?( ?[ap]m)?$/i;

const EXAMPLES = ["Buy milk tomorrow 9am #home !high", "Water the plants every 3 days", "Call Anna on Friday at 14:00 remind me 30 minutes before"];

/**
 * `place` is what a new task is given, if its text says nothing else.
 * @extends {Part<{app: App, place?: Record<string, any>, focused?: boolean}>}
 */
export class QuickAdd extends Part {
  #text = sessionStorage.getItem(DRAFT) ?? "";
  /** @type {Parsed | null} */
  #parsed = null;
  #without = new Set();
  #timer = 0;
  #asked = new AbortController();

  connectedCallback() {
    super.connectedCallback();
    if (this.#text) this.#soon();
  }

  view() {
    const spans = this.#parsed?.text === this.#text ? this.#parsed.understood : [];
    return h("form", { class: "quick-add", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#add(); } },
      h("div", { class: "quick-add-line" },
        icon("plus"),
        h("div", { class: "quick-add-field" },
          h("div", { class: "quick-add-marks", "aria-hidden": "true" }, marked(this.#text, spans)),
          h("input", {
            class: "quick-add-input", type: "text", value: this.#text, autocomplete: "off", spellcheck: true, maxLength: 1000, enterKeyHint: "done",
            placeholder: `Add a task, such as “${EXAMPLES[new Date().getDate() % EXAMPLES.length]}”`, "aria-label": "Add a task", "aria-describedby": "quick-add-said",
            oninput: (/** @type {InputEvent} */ event) => this.#typed(/** @type {HTMLInputElement} */ (event.target)),
            onscroll: (/** @type {Event} */ event) => this.#scroll(/** @type {HTMLInputElement} */ (event.target)),
            onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
            hook: (/** @type {HTMLInputElement} */ input) => this.given.focused && queueMicrotask(() => input.focus()),
          }),
        ),
        h("button", { class: "button primary", type: "submit", disabled: !this.#text.trim() }, "Add"),
      ),
      h("div", { class: "quick-add-said", id: "quick-add-said", "aria-live": "polite" },
        spans.map((one) =>
          h("span", { class: `chip understood kind-${one.kind}`, key: `${one.kind} ${one.start}` }, h("span", { class: "ellipsis" }, one.meaning),
            h("button", { type: "button", "aria-label": `Leave “${one.text}” in the title`, title: "Leave it in the title", onclick: () => this.#leave(one.kind) }, icon("close")))),
      ),
    );
  }

  focus() {
    this.querySelector("input")?.focus();
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    this.#text = input.value;
    sessionStorage.setItem(DRAFT, this.#text);
    if (!this.#text) this.#without.clear();
    this.refresh();
    this.#soon();
  }

  /** @param {HTMLInputElement} input */
  #scroll(input) {
    const marks = this.querySelector(".quick-add-marks");
    if (marks) marks.scrollLeft = input.scrollLeft;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (this.#text) this.#clear();
    else if (this.given.app.dialog) this.given.app.closeDialog();
    else /** @type {HTMLElement} */ (event.target).blur();
  }

  /** Takes a kind of phrase as part of the title from now on. @param {string} kind */
  #leave(kind) {
    this.#without.add(kind);
    this.focus();
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#parse().catch(() => {}), REST);
  }

  /** @returns {Promise<Parsed | null>} */
  async #parse() {
    const text = this.#text;
    if (!text.trim()) {
      this.#parsed = null;
      this.refresh();
      return null;
    }
    this.#asked.abort();
    this.#asked = new AbortController();
    const wanted = { text, workspace: this.given.app.route.workspace, zone: HERE, without: [...this.#without] };
    let found = await post("/parse", wanted, this.#asked.signal);
    const day = dayOfPlace(this.given.place);
    if (day && found.understood.some((/** @type {Understood} */ one) => one.kind === "due" && TIME_ALONE.test(one.text))) {
      found = await post("/parse", { ...wanted, now: new Date(instantOf(`${day}T00:00`) - 1000).toISOString().replace(".000", "") }, this.#asked.signal);
    }
    this.#parsed = { ...found, text };
    this.refresh();
    return this.#parsed;
  }

  /** Takes the line at once, whether it is understood yet or not, so that the next one can be written. */
  #add() {
    const text = this.#text.trim();
    if (!text) return;
    clearTimeout(this.#timer);
    const { app, place = {} } = this.given;
    const parsed = this.#parsed?.text === this.#text ? this.#parsed : null;
    const task = uuid();
    if (parsed) {
      void app.send(made(parsed.command, place, task), { said: `Added “${parsed.title}”` });
      for (const body of parsed.reminders) void remind(app, task, parsed.title, body);
    } else {
      void app.send({ type: "CreateTask", task, title: text, ...place }, { text, without: [...this.#without], said: `Added “${text}”` });
    }
    this.#clear();
  }

  #clear() {
    this.#asked.abort();
    this.#text = "";
    this.#parsed = null;
    this.#without.clear();
    sessionStorage.removeItem(DRAFT);
    const input = this.querySelector("input");
    if (input) input.value = "";
    this.render();
  }
}

/** Sets a reminder of a task that was just made; where that is too late it is said, and another one offered. @param {App} app @param {string} task @param {string} title @param {any} body */
async function remind(app, task, title, body) {
  const outcome = await app.send({ type: "AddReminder", task, reminder: uuid(), ...body });
  if (outcome?.status !== "refused") return;
  void app.outbox?.drop(outcome.id);
  const why = sayProblem(outcome.problem);
  app.notices.say(`“${title}” has no reminder${why ? `: ${why}` : "."}`, { label: "Set one", run: () => app.openDialog("remind", { task }) }, "error");
}

/** The day that a place gives, if it is one. @param {Record<string, any> | undefined} place */
function dayOfPlace(place) {
  const due = place?.due;
  return due && due.date !== today() ? String(due.date ?? due.local.slice(0, 10)) : "";
}

/** The text with what was understood marked. @param {string} text @param {readonly Understood[]} spans */
function marked(text, spans) {
  const letters = [...text];
  const parts = [];
  let at = 0;
  for (const one of spans) {
    parts.push(letters.slice(at, one.start).join(""), h("mark", { class: `kind-${one.kind}`, key: one.start }, letters.slice(one.start, one.end).join("")));
    at = one.end;
  }
  parts.push(letters.slice(at).join(""));
  return parts;
}

customElements.define("quick-add", QuickAdd);
