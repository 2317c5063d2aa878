/** A list to choose from by typing, with the keyboard or by pointer (a combobox with its listbox). */

import { Part, h } from "../lib/dom.js";
import { icon } from "./icon.js";

/** @typedef {{id: string, name: string, dot?: string, drawn?: string, hint?: string, group?: string, chosen?: boolean}} Choice */

/** Choices that are shown at most. */
const MOST = 60;

/**
 * `query` is told what is typed, where the items depend on it.
 * @typedef {{
 *   label: string, items: readonly Choice[], choose: (id: string) => void, add?: (text: string) => void, addLabel?: string,
 *   placeholder?: string, query?: (text: string) => void,
 * }} Given
 */

/** @extends {Part<Given>} */
export class ChooseList extends Part {
  #text = "";
  #at = 0;

  /** Those that have all words, those whose name begins so first. @returns {Choice[]} */
  #found() {
    const words = this.#text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return this.given.items.slice(0, MOST);
    const found = this.given.items.filter((one) => {
      const name = `${one.name} ${one.hint ?? ""}`.toLocaleLowerCase();
      return words.every((word) => name.includes(word));
    });
    const starts = (/** @type {Choice} */ one) => (one.name.toLocaleLowerCase().startsWith(words[0]) ? 0 : 1);
    return found.sort((one, other) => starts(one) - starts(other)).slice(0, MOST);
  }

  view() {
    if (!this.given.items) return null;
    const found = this.#found();
    const exact = found.some((one) => one.name.toLocaleLowerCase() === this.#text.trim().toLocaleLowerCase());
    const adding = this.given.add && this.#text.trim() && !exact;
    const total = found.length + (adding ? 1 : 0);
    this.#at = Math.max(0, Math.min(this.#at, total - 1));
    /** @type {import("../lib/dom.js").Content[]} */
    const rows = [];
    let group = "";
    found.forEach((one, index) => {
      if (one.group && one.group !== group) rows.push(h("div", { class: "choose-group", role: "presentation", key: `group ${one.group}` }, one.group));
      group = one.group ?? group;
      rows.push(h("div", {
        class: `choose-item${index === this.#at ? " at" : ""}`, role: "option", id: `choose-${index}`, key: one.id, "aria-selected": String(index === this.#at),
        onclick: () => this.given.choose(one.id),
        onpointermove: () => { if (this.#at !== index) { this.#at = index; this.refresh(); } },
      },
        one.drawn ? icon(one.drawn) : one.dot ? h("span", { class: "dot", style: { background: one.dot } }) : null,
        h("span", { class: "grow ellipsis" }, one.name), one.hint ? h("span", { class: "hint" }, one.hint) : null, one.chosen ? icon("check") : null));
    });
    if (adding) {
      rows.push(h("div", { class: `choose-item${found.length === this.#at ? " at" : ""}`, role: "option", id: `choose-${found.length}`, key: "\0add", "aria-selected": String(found.length === this.#at), onclick: () => this.given.add?.(this.#text.trim()) },
        icon("plus"), h("span", { class: "grow" }, `${this.given.addLabel ?? "Add"} “${this.#text.trim()}”`)));
    }
    return [
      h("input", {
        class: "field", type: "text", role: "combobox", value: this.#text, placeholder: this.given.placeholder ?? "Type to find", autocomplete: "off", "aria-label": this.given.label,
        "aria-expanded": "true", "aria-controls": "choose-options", "aria-activedescendant": total ? `choose-${this.#at}` : undefined,
        oninput: (/** @type {InputEvent} */ event) => {
          this.#text = /** @type {HTMLInputElement} */ (event.target).value;
          this.#at = 0;
          this.given.query?.(this.#text);
          this.refresh();
        },
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event, found, total),
        hook: (/** @type {HTMLInputElement} */ input) => queueMicrotask(() => input.focus()),
      }),
      h("div", { class: "choose-options", role: "listbox", id: "choose-options", "aria-label": this.given.label },
        rows.length ? rows : h("p", { class: "choose-none" }, "Nothing is called that.")),
    ];
  }

  /** @param {KeyboardEvent} event @param {Choice[]} found @param {number} total */
  #key(event, found, total) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) {
      event.preventDefault();
      this.#at = Math.max(0, Math.min(total - 1, this.#at + step));
      this.render();
      this.querySelector(".at")?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.isComposing && total) {
      event.preventDefault();
      if (this.#at < found.length) this.given.choose(found[this.#at].id);
      else this.given.add?.(this.#text.trim());
    }
  }
}

customElements.define("choose-list", ChooseList);
