/**
 * A list that only the server has (results of a search, the audit): asked for in pages, held while it is looked at.
 *
 * Pages say in every frame what they want (`want`); it is asked for when that changes, and called off when something
 * else is wanted. What was there stays in view until the answer is there.
 */

import { Offline, get } from "../net/api.js";

/** @typedef {"loading" | "ready" | "failed"} State */

/** Milliseconds of rest before what has become stale is asked for anew. */
const REST = 250;

/** Items of one page. */
const PAGE = 100;

/** Items that one request gives at most, and that are asked for anew at most when something changes. */
const LIMIT = 200;
const MOST = 2_000;

export class Listing {
  /** @type {any[]} */
  items = [];
  /** How many there are in all, if the server was asked to count. @type {number | null} */
  total = null;
  /** @type {State} */
  state = "loading";
  /** What went wrong last. @type {Error | null} */
  error = null;
  /** The position of the workspace that it shows. */
  position = 0;
  /** Counts how often the items became others. */
  version = 0;
  /** True while another page is on its way. */
  growing = false;
  /** @type {string | null} */
  #cursor = null;
  #key = "";
  #path = "";
  /** @type {Record<string, any>} */
  #query = {};
  #asked = new AbortController();
  #timer = 0;
  /** How many of what is wanted now were here: as many are asked for anew. */
  #longest = 0;

  /** @param {() => void} changed is called when there is something else to see */
  constructor(changed) {
    this.changed = changed;
  }

  /** True if there are more than are here. */
  get more() {
    return this.#cursor !== null;
  }

  /** True if the server cannot be reached. */
  get offline() {
    return this.error instanceof Offline;
  }

  /** Asks for it, unless that is what is here or on its way. @param {string} path @param {Record<string, any>} query */
  want(path, query) {
    const key = JSON.stringify([path, query]);
    if (key === this.#key) return;
    if (path !== this.#path) {
      this.items = [];
      this.total = null;
    }
    this.#longest = 0;
    this.#key = key;
    this.#path = path;
    this.#query = query;
    this.state = "loading";
    void this.#ask();
  }

  /** Something has changed, up to a position: asks anew, soon. @param {number} [position] */
  stale(position = 0) {
    if (this.#timer || !this.#key) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      void this.#ask(position);
    }, REST);
  }

  /** Asks anew, now. */
  again() {
    this.state = "loading";
    this.changed();
    void this.#ask();
  }

  /** Forgets it: nobody looks at it any more. */
  leave() {
    this.#asked.abort();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#key = "";
  }

  /** @param {number} [position] */
  async #ask(position = 0) {
    this.#asked.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.growing = false;
    try {
      const limit = Math.max(PAGE, Math.min(LIMIT, this.#longest));
      const first = await get(this.#path, { ...this.#query, limit, min_position: position || undefined }, asked.signal);
      const wanted = Math.min(this.#longest, MOST);
      let [page, items] = [first, first.items];
      while (items.length < wanted && page.next_cursor) {
        page = await get(this.#path, { ...this.#query, limit: LIMIT, cursor: page.next_cursor, count: undefined }, asked.signal);
        items = [...items, ...page.items];
      }
      this.items = items;
      this.#longest = items.length;
      this.version++;
      this.total = first.total ?? null;
      this.#cursor = page.next_cursor ?? null;
      this.position = first.position;
      this.state = "ready";
      this.error = null;
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = /** @type {Error} */ (error);
      this.state = "failed";
    }
    this.changed();
  }

  /** The next page behind what is here. */
  async grow() {
    if (this.growing || this.state !== "ready" || !this.#cursor) return;
    this.growing = true;
    const asked = this.#asked;
    try {
      const page = await get(this.#path, { ...this.#query, limit: PAGE, cursor: this.#cursor, count: undefined }, asked.signal);
      if (asked !== this.#asked) return;
      this.items = [...this.items, ...page.items];
      this.#longest = this.items.length;
      this.version++;
      this.#cursor = page.next_cursor ?? null;
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = /** @type {Error} */ (error);
    }
    this.growing = false;
    this.changed();
  }
}

/** The lists of an app, by name. @type {WeakMap<object, Map<string, Listing>>} */
const kept = new WeakMap();

/** The list of that name. @param {import("../lib/signal.js").Signal} app @param {string} name */
export function listing(app, name) {
  const all = kept.get(app) ?? new Map();
  kept.set(app, all);
  const found = all.get(name) ?? new Listing(() => app.tell());
  all.set(name, found);
  return found;
}
