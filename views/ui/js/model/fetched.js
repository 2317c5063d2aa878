/**
 * What only HTTP has, for as long as a page shows it: kept by name, asked for anew when what it depends on (`stamp`) has
 * changed, shown as it was until the answer is there. Lists in pages that grow are in `listing.js`.
 */

import { Offline } from "../net/api.js";

/** @typedef {import("../app.js").App} App */
/** `live` tells whether there was a connection when it was asked for. @typedef {{stamp: string | null, live: boolean, value: any, error: Error | null, asked: AbortController | null}} Kept */
/**
 * `again` asks anew; `put` is told what it is by now, where an answer said so.
 * @template T @typedef {{value: T | null, error: Error | null, loading: boolean, again: () => void, put: (value: T) => void}} Fetched
 */

/** Answers that are remembered, and requests that are on their way at once. */
const MOST = 200;
const AT_ONCE = 4;

/** @type {WeakMap<App, Map<string, Kept>>} */
const all = new WeakMap();
let busy = 0;
/** @type {(() => void)[]} */
const queue = [];

/**
 * What `ask` gives; null until it is there. After an error it is asked for once more when the connection changes.
 * @template T @param {App} app @param {string} name @param {string} stamp @param {(signal: AbortSignal) => Promise<T>} ask @returns {Fetched<T>}
 */
export function fetched(app, name, stamp, ask) {
  const kept = all.get(app) ?? new Map();
  all.set(app, kept);
  const named = `${app.store.user} ${app.route.workspace} ${name}`;
  const live = app.feed?.state === "live";
  /** @type {Kept} */
  const found = kept.get(named) ?? { stamp: null, live, value: null, error: null, asked: null };
  kept.delete(named);
  kept.set(named, found);
  if (found.stamp !== stamp || (found.error && found.live !== live)) {
    Object.assign(found, { stamp, live });
    found.asked?.abort();
    const asked = new AbortController();
    found.asked = asked;
    queue.push(() => void begin(app, found, asked, ask));
    next();
  }
  if (kept.size > MOST) {
    const [oldest, gone] = [...kept][0];
    gone.asked?.abort();
    kept.delete(oldest);
  }
  const again = () => {
    found.stamp = null;
    app.tell();
  };
  const put = (/** @type {T} */ value) => {
    found.value = value;
    app.tell();
  };
  return { value: found.value, error: found.error, loading: found.asked !== null, again, put };
}

function next() {
  while (busy < AT_ONCE && queue.length) /** @type {() => void} */ (queue.shift())();
}

/** @param {App} app @param {Kept} found @param {AbortController} asked @param {(signal: AbortSignal) => Promise<any>} ask */
async function begin(app, found, asked, ask) {
  if (asked.signal.aborted) return next();
  busy++;
  try {
    const value = await ask(asked.signal);
    if (!asked.signal.aborted) Object.assign(found, { value, error: null });
  } catch (error) {
    if (!asked.signal.aborted) found.error = /** @type {Error} */ (error);
  }
  busy--;
  if (found.asked === asked) found.asked = null;
  next();
  if (!asked.signal.aborted) app.tell();
}

/** True if there is no network. @param {Error | null} error @returns {boolean} */
export function isOffline(error) {
  return error instanceof Offline;
}
