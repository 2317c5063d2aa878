/**
 * A field for the filter language: it says what may come next (fields, comparisons, values of this workspace), completes it,
 * and marks where the server could not read on. What is wrong there is said by the page, in its element `filter-wrong`.
 */

import { Part, h } from "../lib/dom.js";
import { complete } from "../model/filter-language.js";
import { icon } from "./icon.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {{position: number, detail: string, hint: string}} Wrong */

/** Milliseconds of rest after which what was written is tried. */
const REST = 350;

/**
 * `changed` is told what is written, once it rests; `wrong` is what the server says of it.
 * @extends {Part<{app: App, value: string, wrong: Wrong | null, changed: (text: string) => void}>}
 */
export class FilterField extends Part {
  #text = "";
  #given = "";
  #open = false;
  #at = -1;
  #timer = 0;
  #caret = 0;

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  view() {
    const { app, value, wrong } = this.given;
    if (!app) return null;
    if (value !== this.#given) {
      this.#given = value;
      this.#text = value;
    }
    const stands = wrong && this.#text === value ? wrong : null;
    const found = this.#open ? complete(this.#text, this.#caret, app.store) : null;
    const items = found?.items ?? [];
    return h("div", { class: "filter-field" },
      h("div", { class: `filter-line${stands ? " wrong" : ""}` },
        icon("filter"),
        h("div", { class: "filter-text" },
          h("div", { class: "filter-marks", "aria-hidden": "true" }, stands ? marked(this.#text, stands.position) : null),
          h("input", {
            type: "text", class: "filter-input mono", value: this.#text, role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: false,
            "aria-label": "Filter", "aria-expanded": String(items.length > 0), "aria-controls": "filter-options", "aria-autocomplete": "list",
            "aria-activedescendant": this.#at >= 0 && items[this.#at] ? `filter-option-${this.#at}` : undefined,
            "aria-invalid": stands ? "true" : undefined, "aria-describedby": "filter-wrong", placeholder: "due <= today+7d and priority >= high",
            oninput: (/** @type {InputEvent} */ event) => this.#typed(/** @type {HTMLInputElement} */ (event.target)),
            onfocus: (/** @type {Event} */ event) => this.#look(/** @type {HTMLInputElement} */ (event.target)),
            onclick: (/** @type {Event} */ event) => this.#look(/** @type {HTMLInputElement} */ (event.target)),
            onblur: () => this.#shut(),
            onscroll: (/** @type {Event} */ event) => this.#scroll(/** @type {HTMLInputElement} */ (event.target)),
            onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
          })),
        this.#text ? h("button", { type: "button", class: "icon-button", "aria-label": "Clear the filter", title: "Clear", onclick: () => this.#put("") }, icon("close")) : null),
      h("div", { class: `filter-options${items.length ? "" : " none"}`, role: "listbox", id: "filter-options", "aria-label": found ? `Completions: ${found.about}` : "Completions" },
        items.map((one, index) => h("div", {
          class: `choose-item${index === this.#at ? " at" : ""}`, role: "option", id: `filter-option-${index}`, key: one.text, "aria-selected": String(index === this.#at),
          onmousedown: (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#take(index);
          },
        }, one.dot ? h("span", { class: "dot", style: { background: one.dot } }) : null, h("code", { class: "grow ellipsis" }, one.text), one.hint ? h("span", { class: "hint ellipsis" }, one.hint) : null))));
  }

  focus() {
    this.querySelector("input")?.focus();
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    this.#text = input.value;
    this.#look(input);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), REST);
  }

  #tell() {
    clearTimeout(this.#timer);
    if (this.#text === this.given.value) return;
    this.#given = this.#text;
    this.given.changed(this.#text);
  }

  /** @param {HTMLInputElement} input */
  #look(input) {
    this.#caret = input.selectionStart ?? this.#text.length;
    this.#open = true;
    this.#at = -1;
    this.refresh();
  }

  #shut() {
    this.#open = false;
    this.#at = -1;
    this.#tell();
    this.refresh();
  }

  /** @param {HTMLInputElement} input */
  #scroll(input) {
    const marks = this.querySelector(".filter-marks");
    if (marks) marks.scrollLeft = input.scrollLeft;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const items = this.#open ? complete(this.#text, this.#caret, this.given.app.store).items : [];
    const input = /** @type {HTMLInputElement} */ (event.target);
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && items.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#at = (this.#at + step + items.length + (this.#at < 0 && step < 0 ? 1 : 0)) % items.length;
      this.render();
      this.querySelector(".at")?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Tab" && !event.shiftKey && items.length && this.#text.trim() && this.#written(items)) {
      event.preventDefault();
      this.#take(Math.max(0, this.#at));
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (this.#at >= 0 && items[this.#at]) this.#take(this.#at);
      else {
        this.#open = false;
        this.#tell();
        this.refresh();
      }
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.#open) {
        this.#open = false;
        this.refresh();
      } else input.blur();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight" || event.key === "Home" || event.key === "End") {
      setTimeout(() => this.#look(input));
    }
  }

  /** True if something was begun that Tab can complete. @param {readonly any[]} items */
  #written(items) {
    return this.#at >= 0 || (items.length > 0 && /[^\s(),]$/.test(this.#text.slice(0, this.#caret)));
  }

  /** @param {number} index */
  #take(index) {
    const { from, to, items } = complete(this.#text, this.#caret, this.given.app.store);
    const one = items[index];
    if (!one) return;
    const space = one.text === "," || one.text === ")" ? this.#text.slice(0, from).trimEnd().length : from;
    const before = this.#text.slice(0, space);
    const put = `${before}${one.text}${one.text === "(" ? "" : " "}`;
    this.#put(`${put}${this.#text.slice(to).trimStart()}`, put.length);
  }

  /** @param {string} text @param {number} [caret] */
  #put(text, caret = text.length) {
    const input = /** @type {HTMLInputElement} */ (this.querySelector("input"));
    input.value = text;
    input.focus();
    input.setSelectionRange(caret, caret);
    this.#typed(input);
  }
}

/** The text, marked from where it could not be read. @param {string} text @param {number} position in characters */
function marked(text, position) {
  const letters = [...text];
  const word = /^\s*("[^"]*"?|[^\s(),]+|.)?/s.exec(letters.slice(position).join(""))?.[0] ?? "";
  return [letters.slice(0, position).join(""), h("mark", { key: "wrong" }, word || " "), text.slice([...letters.slice(0, position)].join("").length + word.length)];
}

customElements.define("filter-field", FilterField);
