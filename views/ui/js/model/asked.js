/** One thing that only the server has (own preferences, an address): asked for when it is looked at, and anew when stale. */

import { get } from "../net/api.js";

export class Fetched {
  /** @type {any} */
  value = null;
  /** @type {Error | null} */
  error = null;
  #path = "";
  #asked = new AbortController();

  /** @param {() => void} changed is called when there is something else to see */
  constructor(changed) {
    this.changed = changed;
  }

  /** Asks for it, unless it is here or on its way. @param {string} path */
  want(path) {
    if (path === this.#path) return;
    this.value = null;
    this.#path = path;
    void this.again();
  }

  /** Asks anew; what is here stays until the answer is there. @param {number} [position] that the answer has to know of */
  async again(position) {
    this.#asked.abort();
    const asked = new AbortController();
    this.#asked = asked;
    try {
      this.value = await get(this.#path, { min_position: position }, asked.signal);
      this.error = null;
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = /** @type {Error} */ (error);
    }
    this.changed();
  }

  /** Forgets it, so that it is asked for when it is looked at again. */
  leave() {
    this.#asked.abort();
    this.#path = "";
    this.value = null;
    this.error = null;
  }
}
