/** Something that changes, and who wants to know. */

export class Signal {
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** Calls the listener at every change until the function that is returned is called. @param {() => void} listener */
  listen(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all of it. */
  tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}
