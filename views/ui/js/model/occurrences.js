/**
 * What series will bring that is no task yet. It is asked for, a range at a time, and asked for anew when a series has
 * changed; until the answer is there, the last one is shown.
 */

import { addDays } from "../lib/time.js";
import { seen } from "../lib/grid.js";
import { Refused, get } from "../net/api.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./types.js").Series} Series */
/** @typedef {import("./types.js").When} When */
/** @typedef {{series: Series, occurrence: string, due: When, title: string}} Planned */
/** @typedef {{stamp: string, items: {occurrence: string, due: When, title: string, state: string}[], failed?: boolean}} Answer */

/** @typedef {{range: string, series: Series, stamp: string, from: string, to: string}} Wanted */

/** Requests that are on their way at once, and ranges that are remembered. */
const AT_ONCE = 4;
const RANGES = 6;

/** @type {WeakMap<App, Occurrences>} */
const all = new WeakMap();

/** The occurrences to come, of the workspace that is open. @param {App} app */
export function occurrencesOf(app) {
  const found = all.get(app) ?? new Occurrences(app);
  all.set(app, found);
  return found;
}

class Occurrences {
  /** Answers by range, and in it by series. @type {Map<string, Map<string, Answer>>} */
  #ranges = new Map();
  /** @type {Wanted[]} */
  #wanted = [];
  /** @type {Map<string, AbortController>} */
  #asked = new Map();
  #workspace = "";
  /** Counts answers, for what is worked out from them. */
  version = 0;
  /** True if some of it could not be asked for: there is no network. */
  incomplete = false;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  /** What is known to come on the days from one to another; what is not known yet is asked for. @param {string} from @param {string} to @returns {Planned[]} */
  between(from, to) {
    const { app } = this;
    if (this.#workspace !== app.route.workspace) this.#reset();
    const range = `${from} ${to}`;
    const answers = this.#ranges.get(range) ?? new Map();
    this.#ranges.delete(range);
    this.#ranges.set(range, answers); // the newest is the last
    if (this.#ranges.size > RANGES) this.#ranges.delete([...this.#ranges.keys()][0]);
    for (const [name, asked] of this.#asked) if (!name.startsWith(`${range} `)) asked.abort();
    this.#wanted = [];
    this.incomplete = false;
    /** @type {Planned[]} */
    const found = [];
    const [first, last] = [addDays(from, -1), addDays(to, 2)];
    for (const series of app.store.allSeries) {
      if (series.state !== "active" || !series.next || (series.next > last && !series.overrides?.length)) continue;
      const items = series.after_completion ? waits(series) : this.#of(series, range, answers, first, last);
      for (const item of [...items, ...moved(series, items)]) {
        const changed = series.overrides?.find((one) => one.original === item.occurrence);
        if (item.state !== "planned" || changed?.skipped) continue;
        const due = changed?.due ?? item.due;
        const { day } = seen(due);
        if (day >= from && day <= to) found.push({ series, occurrence: item.occurrence, due, title: changed?.fields?.title ?? item.title });
      }
    }
    queueMicrotask(() => this.#pump());
    return found;
  }

  #reset() {
    for (const asked of this.#asked.values()) asked.abort();
    this.#ranges.clear();
    this.#workspace = this.app.route.workspace;
  }

  /** @param {Series} series @param {string} range @param {Map<string, Answer>} answers @param {string} from @param {string} to */
  #of(series, range, answers, from, to) {
    const stamp = `${series.position} ${series.version} ${series.next} ${series.state}`;
    const known = answers.get(series.id);
    const again = known?.failed && this.app.feed?.state === "live";
    if (known?.stamp !== stamp || again) {
      if (this.app.feed?.state === "live") this.#wanted.push({ range, series, stamp, from, to });
      else this.incomplete = true;
    }
    return known?.items ?? [];
  }

  #pump() {
    while (this.#wanted.length && this.#asked.size < AT_ONCE) {
      const one = /** @type {Wanted} */ (this.#wanted.shift());
      const name = `${one.range} ${one.series.id}`;
      if (!this.#asked.has(name)) void this.#ask(name, one);
    }
  }

  /** @param {string} name @param {Wanted} one */
  async #ask(name, { range, series, stamp, from, to }) {
    const asked = new AbortController();
    this.#asked.set(name, asked);
    const path = `/workspaces/${this.#workspace}/series/${encodeURIComponent(series.id)}/occurrences`;
    const answers = this.#ranges.get(range);
    try {
      const start = (series.next ?? "") > from ? (series.next ?? from) : from;
      const { items } = await get(path, { from: start, to, limit: 200 }, asked.signal);
      answers?.set(series.id, { stamp, items });
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return void this.#asked.delete(name);
      // a series that is gone has nothing to come; without a network it is asked for again later
      answers?.set(series.id, { stamp, items: [], failed: !(error instanceof Refused) });
    }
    this.#asked.delete(name);
    this.version++;
    this.app.tell();
  }
}

/** What a series that counts from completion waits for: nothing, as long as its task is open. @param {Series} series */
function waits(series) {
  if (!series.next || series.open.length) return [];
  return [{ occurrence: series.next, due: whenOf(series, series.next), title: series.template.title, state: "planned" }];
}

/** What was moved to here from a time that was not asked for. @param {Series} series @param {readonly {occurrence: string}[]} items */
function moved(series, items) {
  const there = (series.overrides ?? []).filter((one) => one.due && one.original >= (series.next ?? "~") && !items.some((item) => item.occurrence === one.original));
  return there.map((one) => ({ occurrence: one.original, due: /** @type {When} */ (one.due), title: series.template.title, state: "planned" }));
}

/** The due value of an occurrence, by its original time. @param {Series} series @param {string} original @returns {When} */
export function whenOf(series, original) {
  if (original.length === 10) return { date: original };
  const zone = /** @type {any} */ (series.anchor).zone;
  return zone ? { local: original, zone } : { local: original };
}
