/** How something repeats, written as one would say it. The server understands it; without a network there are other fields. */

import { Part, h, valueOf } from "../lib/dom.js";
import { Refused } from "../net/api.js";
import { recurrenceOf } from "../net/recurrence.js";

/** Milliseconds of rest after a key before the words are read. */
const REST = 200;

/**
 * `understood` is told the command that the words are; `zone` is of times without one.
 * @extends {Part<{zone: string, understood: (command: any) => void, focused?: boolean}>}
 */
export class RecurrenceWords extends Part {
  #words = "";
  #said = "";
  #timer = 0;
  #asked = new AbortController();

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  view() {
    return h("label", { class: "labelled" }, "In words",
      h("input", {
        class: "field", value: this.#words, placeholder: "every 2nd Tuesday, 10 times", autocomplete: "off", "aria-describedby": "words-said",
        oninput: (/** @type {Event} */ event) => this.#typed(valueOf(event)), hook: (/** @type {HTMLElement} */ input) => setTimeout(() => this.given.focused && input.focus()),
      }),
      h("span", { class: `hint${this.#said ? " error-text" : ""}`, id: "words-said", "aria-live": "polite" }, this.#said || "Or choose below."));
  }

  /** @param {string} words */
  #typed(words) {
    this.#words = words;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), REST);
    this.refresh();
  }

  async #read() {
    this.#asked.abort();
    this.#asked = new AbortController();
    const words = this.#words.trim();
    try {
      const command = words && (await recurrenceOf(words, this.given.zone, this.#asked.signal));
      if (command) this.given.understood(command);
      this.#said = command || !words ? "" : "That is not understood yet; try “every 2nd Tuesday, 10 times” or “every 3 days after done”.";
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.#said = error instanceof Refused ? error.message : "Words are understood once you are online; choose below.";
    }
    this.refresh();
  }
}

customElements.define("recurrence-words", RecurrenceWords);
