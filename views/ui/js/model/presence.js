/** Who else is here, what they look at and what they write; and telling them the same of oneself. */

import { Signal } from "../lib/signal.js";

/** @typedef {import("./types.js").Here} Here */
/** @typedef {import("./types.js").Where} Where */

/** Milliseconds between two messages about oneself. */
const EVERY = 150;

/** Colours that people are told apart by. */
const COLOURS = 8;

export class Presence extends Signal {
  /** @type {Map<string, Here>} */
  others = new Map();
  own = "";
  /** @type {(where: Where | null) => boolean} */
  send = () => false;
  /** @type {Where} */
  #where = {};
  #sent = "";
  #timer = 0;

  /** @param {{here: Here[], gone: string[]}} message */
  take(message) {
    for (const one of message.here) if (one.client !== this.own) this.others.set(one.client, one);
    for (const client of message.gone) this.others.delete(client);
    this.tell();
  }

  clear() {
    this.others.clear();
    this.#sent = "";
    this.tell();
  }

  /** Where the person is now; what they write in is kept as long as they stay at the task. @param {Where} where */
  at(where) {
    this.#where = where;
    this.#soon();
  }

  /** False until it is known where the person is: a page that was opened at an address has not moved. */
  get placed() {
    return Object.keys(this.#where).length > 0;
  }

  /** What they write in. @param {string} task @param {string | null} field @param {string} [text] @param {[number, number]} [selection] */
  writing(task, field, text, selection) {
    const { view, project } = this.#where;
    const place = { ...(view ? { view } : {}), ...(project ? { project } : {}), task };
    this.#where = field ? { ...place, field, ...(text === undefined ? {} : { text: text.slice(0, 2_000).toWellFormed() }), ...(selection ? { selection } : {}) } : place;
    this.#soon();
  }

  /** Says it again: the connection is new. */
  again() {
    this.#sent = "";
    this.#soon();
  }

  #soon() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      const text = JSON.stringify(this.#where);
      if (text !== this.#sent && this.send(this.#where)) this.#sent = text;
    }, EVERY);
  }

  /** People who are here, each once. @returns {string[]} */
  get people() {
    return [...new Set([...this.others.values()].map((one) => one.user))];
  }

  /** Others who look at a task. @param {string} task @returns {Here[]} */
  on(task) {
    return [...this.others.values()].filter((one) => one.where?.task === task);
  }

  /** Others who write in a field of a task. @param {string} task @param {string} field @returns {Here[]} */
  writers(task, field) {
    return this.on(task).filter((one) => one.where?.field === field);
  }
}

/** The number of a person's colour. @param {string} user */
export function colourOf(user) {
  let sum = 0;
  for (const letter of user) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % COLOURS;
}
