/**
 * A text that is changed where it stands: a title, a description, an item, a comment.
 *
 * What one types is one's own: it is kept as a draft with every key, offered again after whatever happens, and never
 * overwritten. If somebody else saves the same text meanwhile, theirs is shown beside, and one chooses.
 *
 * Why so long: reading, writing and giving up one text share a state that nothing else may see.
 */

import { Part, h } from "../lib/dom.js";
import { pressed } from "../lib/keys.js";
import { markdown } from "../lib/markdown.js";
import { sayAgo } from "../lib/time.js";
import { icon } from "../parts/icon.js";
import { draftName, dropDraft, keepDraft, readDraft, savedDraft } from "./drafts.js";
import { tellWriting, writers } from "./others.js";
import { differences } from "../parts/changes.js";

/**
 * `shape`: a `line` and a `title` are fields all the time, `title` over several rows; a `text` is shown as Markdown and
 * becomes a field; a `new` one is a field that is emptied by saving. `name` is the field for others and for the draft.
 * @typedef {{
 *   app: import("../app.js").App, task: string, name: string, value: string, label: string, shape: "line" | "title" | "text" | "new",
 *   save: (text: string, base: string) => void, may: boolean, placeholder?: string, required?: boolean, button?: string, rows?: number,
 *   enter?: boolean, changedBy?: () => string | undefined, wrong?: (text: string) => string, drafts?: boolean, max?: number,
 * }} Given
 */

/** Characters that may be given up without asking. */
const LITTLE = 40;

/** @extends {Part<Given>} */
export class WritingField extends Part {
  #editing = false;
  #text = "";
  #base = "";
  /** The workspace that is written in: what is left when another one is opened stays a draft. */
  #workspace = "";
  #asking = false;
  #wrong = "";
  /** @type {import("./drafts.js").Draft | null} */
  #offered = null;
  #draft = "";

  connectedCallback() {
    super.connectedCallback();
    this.#draft = draftName(this.given.app, this.given.task, this.given.name);
    const found = this.given.drafts === false ? null : readDraft(this.#draft);
    if (!found || found.text === this.given.value || this.#editing) return;
    if (this.given.shape === "new") this.#text = found.text;
    else this.#offered = found;
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected || !this.#editing) return;
      const { app, shape } = this.given;
      const here = app.route.workspace === this.#workspace;
      if (here && shape !== "new" && !this.#theirs() && !this.#refusal()) this.#save();
      this.#editing = false;
    });
  }

  /** What somebody else has saved while this was written, unless it is the same. @returns {string | null} */
  #theirs() {
    const { value, shape } = this.given;
    return this.#editing && shape !== "new" && this.#text !== this.#base && value !== this.#base && value !== this.#text ? value : null;
  }

  #refusal() {
    const text = this.#text.trim();
    if (this.given.required && !text) return "";
    return this.given.wrong?.(text) ?? "";
  }

  get #dirty() {
    return this.#text !== this.#base;
  }

  get #field() {
    return /** @type {HTMLTextAreaElement | null} */ (this.querySelector("textarea, input"));
  }

  /** Begins to write: from what is there, or from a text that was not saved. @param {string} [text] @param {string} [base] */
  edit(text, base) {
    if (!this.given.may) return;
    this.#begin();
    if (text !== undefined) {
      this.#text = text;
      this.#base = base ?? this.given.value;
      keepDraft(this.#draft, text, this.#base);
    }
    this.#offered = null;
    this.render();
    const field = this.#field;
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  #begin() {
    if (this.#editing) return;
    this.#editing = true;
    this.#workspace = this.given.app.route.workspace;
    if (this.given.shape === "new") return;
    this.#text = this.given.value;
    this.#base = this.given.value;
  }

  #end() {
    this.#editing = false;
    this.#asking = false;
    this.#wrong = "";
    this.given.app.presence.writing(this.given.task, null);
    this.refresh();
  }

  /** Saves what was written. True if there is nothing left to save. */
  #save() {
    const text = this.given.shape === "text" || this.given.shape === "new" ? this.#text.trimEnd() : this.#text.trim();
    if (text === this.#base || (this.given.required && !text)) {
      if (this.given.shape !== "new") dropDraft(this.#draft);
      return true;
    }
    this.#wrong = this.given.wrong?.(text) ?? "";
    if (this.#wrong) return false;
    const base = this.#base;
    this.#base = text;
    keepDraft(this.#draft, text, base);
    savedDraft(this.#draft, text);
    if (this.given.shape === "new") {
      dropDraft(this.#draft);
      this.#text = this.#base = "";
    }
    this.given.save(text, base);
    return true;
  }

  /** Leaves the field, saving it; not over what somebody else has made of it. @param {boolean} stay with the focus on what was written */
  #leave(stay) {
    if (!this.#editing) return;
    if (this.#theirs() !== null) return this.refresh();
    if (!this.#save()) return this.refresh();
    this.#end();
    if (!stay) return;
    this.render();
    if (this.given.shape === "text") /** @type {HTMLElement | null} */ (this.querySelector(".read"))?.focus();
    else if (this.given.shape !== "new") this.#field?.blur();
  }

  #giveUp() {
    this.#text = this.#base;
    dropDraft(this.#draft);
    this.#end();
    this.render();
    if (this.given.shape === "text") /** @type {HTMLElement | null} */ (this.querySelector(".read"))?.focus();
    else this.#field?.blur();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const key = pressed(event);
    const { shape, enter } = this.given;
    const oneLine = shape === "line" || shape === "title" || enter;
    if (key === "Mod+Enter" || (key === "Enter" && oneLine)) {
      event.preventDefault();
      if (shape === "new") {
        if (this.#save()) this.render();
      } else this.#leave(true);
    } else if (key === "Escape" && (this.#editing || shape === "new")) {
      event.preventDefault();
      if (this.#asking) return this.#giveUp();
      if (shape === "new") {
        this.#field?.blur();
        return /** @type {HTMLElement | null} */ (this.closest(".detail"))?.focus();
      }
      if (this.#dirty && changed(this.#base, this.#text) > LITTLE) {
        this.#asking = true;
        this.render();
        /** @type {HTMLElement | null} */ (this.querySelector(".asking .button.primary"))?.focus();
      } else this.#giveUp();
    }
  }

  #typed(/** @type {Event} */ event) {
    const element = /** @type {HTMLTextAreaElement} */ (event.target);
    this.#begin();
    this.#text = element.value;
    this.#wrong = "";
    if (this.given.drafts !== false) {
      if (this.#dirty) keepDraft(this.#draft, this.#text, this.#base);
      else dropDraft(this.#draft);
    }
    this.#tell(element);
    this.refresh();
  }

  #tell(/** @type {HTMLTextAreaElement} */ element) {
    const { app, task, name } = this.given;
    if (this.#editing) tellWriting(app, task, name, element);
  }

  #blurred(/** @type {FocusEvent} */ event) {
    if (document.activeElement === event.target) return; // the window is left, not the field
    if (event.relatedTarget instanceof Node && this.contains(event.relatedTarget)) return;
    if (this.given.shape === "new") {
      this.given.app.presence.writing(this.given.task, null);
      this.#editing = false;
    } else this.#leave(false);
  }

  view() {
    const { app, task, name, value, shape, may } = this.given;
    if (!app) return null;
    if (this.#editing && shape !== "new" && (!this.#dirty || value === this.#text)) {
      if (!this.#dirty) this.#text = value;
      this.#base = value;
    }
    if (this.#offered && this.#offered.text === value) {
      dropDraft(this.#draft);
      this.#offered = null;
    }
    const reading = shape === "text" && !this.#editing;
    return [
      reading ? this.#read() : this.#write(),
      this.#said(),
      this.#offered && may ? this.#offer(this.#offered) : null,
      writers(app, task, name, value),
    ];
  }

  #read() {
    const { value, label, may, placeholder } = this.given;
    if (!value) return may ? h("button", { type: "button", class: "read none", key: "read", onclick: () => this.edit() }, placeholder ?? label) : null;
    return h("div", {
      class: `read md${may ? " may" : ""}`, key: "read", role: "group", tabIndex: 0, "aria-label": may ? `${label}. Press Enter to change it.` : label,
      onclick: (/** @type {MouseEvent} */ event) => {
        if (!/** @type {Element} */ (event.target).closest("a") && !getSelection()?.toString()) this.edit();
      },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        event.preventDefault();
        this.edit();
      },
    }, markdown(value));
  }

  #write() {
    const { value, label, shape, may, placeholder, rows, button, max } = this.given;
    const text = this.#editing || shape === "new" ? this.#text : value;
    return [
      h(shape === "line" ? "input" : "textarea", {
        key: "write", class: shape === "line" ? "bare" : shape === "title" ? "detail-title" : "field write", value: text, "aria-label": label, placeholder: placeholder ?? "", readOnly: !may,
        ...(shape === "line" ? { type: "text" } : { rows: shape === "title" ? 1 : (rows ?? 4) }), maxLength: max ?? 65_000, autocomplete: "off",
        onfocus: () => { if (may) { this.#begin(); this.refresh(); this.#tell(/** @type {any} */ (this.#field)); } },
        onblur: (/** @type {FocusEvent} */ event) => this.#blurred(event), oninput: (/** @type {Event} */ event) => this.#typed(event),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        onkeyup: (/** @type {Event} */ event) => this.#tell(/** @type {any} */ (event.target)), onclick: (/** @type {Event} */ event) => this.#tell(/** @type {any} */ (event.target)),
      }),
      shape === "text" ? h("div", { class: "row end write-foot", key: "foot" }, h("span", { class: "hint grow" }, "Markdown; saved when you leave"),
        h("button", { type: "button", class: "button", onclick: () => this.#giveUpOrAsk() }, "Cancel"), h("button", { type: "button", class: "button primary", onclick: () => this.#leave(true) }, button ?? "Save")) : null,
      shape === "new" && button && this.#text.trim() ? h("div", { class: "row end write-foot", key: "foot" }, h("span", { class: "hint grow" }, "Markdown"), h("button", { type: "button", class: "button primary", onclick: () => { if (this.#save()) this.render(); this.#field?.focus(); } }, button)) : null,
    ];
  }

  #giveUpOrAsk() {
    if (this.#dirty && changed(this.#base, this.#text) > LITTLE) {
      this.#asking = true;
      this.refresh();
    } else this.#giveUp();
  }

  /** What has to be decided, or is wrong. */
  #said() {
    const theirs = this.#theirs();
    return [
      this.#wrong ? h("p", { class: "error-text", key: "wrong", role: "alert" }, this.#wrong) : null,
      this.#asking ? h("div", { class: "asking", key: "asking", role: "alert" }, h("p", null, "Throw away what you wrote?"), h("div", { class: "row" },
        h("button", { type: "button", class: "button danger", onclick: () => this.#giveUp() }, "Throw away"),
        h("button", { type: "button", class: "button primary", onclick: () => { this.#asking = false; this.render(); this.#field?.focus(); } }, "Go on writing"))) : null,
      theirs === null ? null : h("div", { class: "beside", key: "beside", role: "alert" },
        h("p", null, h("strong", null, `${this.given.changedBy?.() ?? "Somebody"} changed this while you were writing. `), "Nothing is overwritten; choose what stays."),
        h("div", { class: "theirs" }, differences(this.#base, theirs)),
        h("div", { class: "row" },
          h("button", { type: "button", class: "button", onclick: () => { this.#text = this.#base = theirs; this.#giveUp(); } }, "Use theirs"),
          h("button", { type: "button", class: "button primary", onclick: () => { this.#base = theirs; this.#leave(true); } }, "Keep mine"))),
    ];
  }

  /** A text that was not saved, to go on with. @param {import("./drafts.js").Draft} draft */
  #offer(draft) {
    return h("div", { class: "beside draft", key: "draft", role: "group", "aria-label": "A draft" },
      h("p", null, h("strong", null, "You wrote this and did not save it"), ` (${sayAgo(draft.at)}).`),
      h("div", { class: "theirs" }, differences(this.given.value, draft.text)),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => { dropDraft(this.#draft); this.#offered = null; this.render(); } }, "Throw away"),
        h("button", { type: "button", class: "button primary", onclick: () => this.edit(draft.text, draft.base) }, icon("undo"), "Go on writing")));
  }
}

/** About how many characters were written or taken away. @param {string} before @param {string} after */
function changed(before, after) {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return Math.max(before.length, after.length) - head - tail;
}

customElements.define("writing-field", WritingField);

/** @param {Given} given @param {string} [key] */
export function writing(given, key = `${given.task} ${given.name}`) {
  return h("writing-field", { given, key, class: `writing ${given.shape}` });
}
