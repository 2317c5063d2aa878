/**
 * A day, with a time and a zone or without: chosen, or written as one would say it ("next friday 14:00").
 *
 * Words are understood by the server; without a network the fields below them do.
 */

import { Part, h, valueOf } from "../lib/dom.js";
import { HERE, sayFullDay, today, zoneName } from "../lib/time.js";
import { Refused, post } from "../net/api.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").When} When */

/** Milliseconds of rest after a key before the words are parsed. */
const REST = 150;

/** What stands for the title where only a time is written; a word that means nothing. */
const TITLE = "x";

/**
 * `change` is told what is meant, null for nothing yet; `enter` that it is meant so.
 * @typedef {{app: App, value: When | null, change: (value: When | null) => void, enter?: () => void, focused?: boolean, label?: string}} Given
 */

/** @extends {Part<Given>} */
export class WhenField extends Part {
  #words = "";
  #said = "";
  #wrong = false;
  #zones = false;
  #timer = 0;
  #asked = new AbortController();
  /** @type {When | null | undefined} */
  #own;

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  /** @returns {When | null} */
  get value() {
    return this.#own === undefined ? this.given.value : this.#own;
  }

  view() {
    if (!this.given.app) return null;
    const value = /** @type {any} */ (this.value ?? {});
    const day = value.date ?? value.local?.slice(0, 10) ?? "";
    const time = value.local?.slice(11, 16) ?? "";
    const zone = value.local ? (value.zone ?? "") : HERE;
    const label = this.given.label ?? "When";
    return h("div", { class: "when-field", role: "group", "aria-label": label },
      h("label", { class: "labelled" }, "In words",
        h("input", {
          class: "field", type: "text", value: this.#words, placeholder: "next friday 14:00", autocomplete: "off", spellcheck: false, "aria-describedby": "when-said", "aria-invalid": String(this.#wrong),
          oninput: (/** @type {InputEvent} */ event) => this.#typed(/** @type {HTMLInputElement} */ (event.target).value),
          onkeydown: (/** @type {KeyboardEvent} */ event) => {
            if (event.key !== "Enter" || !this.given.enter || event.isComposing) return;
            event.preventDefault();
            void this.#enter();
          },
          hook: (/** @type {HTMLInputElement} */ input) => this.given.focused && queueMicrotask(() => input.focus()),
        })),
      h("p", { class: `when-said${this.#wrong ? " error-text" : " hint"}`, id: "when-said", "aria-live": "polite" }, this.#said || (day ? sayFullDay(day) + (time ? `, ${time}` : "") : "Or choose below.")),
      h("div", { class: "row when-fields" },
        h("label", { class: "labelled" }, "Day", h("input", { class: "field", type: "date", value: day, onchange: (/** @type {Event} */ event) => this.#chosen({ day: valueOf(event) }) })),
        h("label", { class: "labelled" }, "Time", h("input", { class: "field", type: "time", value: time, onchange: (/** @type {Event} */ event) => this.#chosen({ time: valueOf(event).slice(0, 5) }) })),
        time ? h("label", { class: "labelled grow" }, "Zone", h("select", { class: "field", key: `zones ${this.#zones}`, onchange: (/** @type {Event} */ event) => this.#zone(valueOf(event)) },
          this.#choices(zone).map(([name, words]) => h("option", { key: name, value: name, selected: name === zone }, words)))) : null));
  }

  /** @param {string} zone @returns {[string, string][]} */
  #choices(zone) {
    const known = new Set([HERE, this.given.app.store.workspace?.time_zone ?? HERE, ...(zone ? [zone] : [])]);
    /** @type {[string, string][]} */
    const found = [...known].map((name) => [name, name === HERE ? `${zoneName(name)} (here)` : zoneName(name)]);
    found.push(["", "Wherever one is"]);
    if (this.#zones) for (const name of Intl.supportedValuesOf("timeZone")) known.has(name) || found.push([name, name.replaceAll("_", " ")]);
    else found.push(["…", "Another zone…"]);
    return found;
  }

  /** @param {string} zone */
  #zone(zone) {
    if (zone === "…") {
      this.#zones = true;
      this.refresh();
      return;
    }
    this.#chosen({ zone });
  }

  /** @param {{day?: string, time?: string, zone?: string}} change */
  #chosen(change) {
    const value = /** @type {any} */ (this.value ?? {});
    const day = change.day ?? value.date ?? value.local?.slice(0, 10) ?? today();
    const time = change.time ?? value.local?.slice(11, 16) ?? "";
    const zone = change.zone ?? (value.local ? (value.zone ?? "") : HERE);
    this.#words = "";
    this.#tell(day ? (time ? { local: `${day}T${time}`, ...(zone ? { zone } : {}) } : { date: day }) : null);
  }

  /** @param {When | null} value @param {string} [said] */
  #tell(value, said = "") {
    this.#own = value;
    this.#said = said;
    this.#wrong = false;
    this.given.change(value);
    this.refresh();
  }

  /** @param {string} words */
  #typed(words) {
    this.#words = words;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#parse(), REST);
    this.refresh();
  }

  async #enter() {
    clearTimeout(this.#timer);
    if (this.#words && !(await this.#parse())) return;
    if (this.value) this.given.enter?.();
  }

  /** True if the words are a time. */
  async #parse() {
    const words = this.#words.trim();
    this.#asked.abort();
    this.#asked = new AbortController();
    if (!words) {
      this.#said = "";
      this.#wrong = false;
      this.refresh();
      return false;
    }
    try {
      const found = await post("/parse", { text: `${TITLE} ${words}`, zone: HERE, without: ["recurrence", "priority", "project", "label", "assignee", "reminder", "estimate"] }, this.#asked.signal);
      const due = found.command.due;
      if (due && found.title === TITLE) {
        this.#tell(due, found.understood[0]?.meaning.replace(/^due /, "") ?? "");
        return true;
      }
      this.#said = "That is not understood yet; try “tomorrow 9:00”, “3 dec” or “in 2 hours”.";
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return false;
      this.#said = error instanceof Refused ? error.message : "Words are understood once you are online; choose a day below.";
    }
    this.#wrong = true;
    this.refresh();
    return false;
  }
}

customElements.define("when-field", WhenField);
