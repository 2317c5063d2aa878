/**
 * Saved filters, where the feed does not tell them: asked for over HTTP when the page is live, and when an event says that
 * one of them changed. As soon as the feed tells one itself, this asks no more.
 */

import { all } from "../net/api.js";

/** @typedef {import("../app.js").App} App */

export class SavedFilters {
  #told = false;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  /** Hears every message of the feed, once it is taken in. @param {any} message */
  heard(message) {
    if (message.filters?.length || message.removed?.some((/** @type {{kind: string}} */ one) => one.kind === "filter")) this.#told = true;
    const changed = message.op === "caught-up" || (message.op === "event" && message.event.type.startsWith("Filter"));
    if (changed && !this.#told) void this.#ask(message.position ?? message.event?.position);
  }

  /** @param {number} position */
  async #ask(position) {
    const { entities } = this.app.store;
    try {
      const found = await all(`/workspaces/${this.app.route.workspace}/filters`, { min_position: position });
      if (this.#told || this.app.store.entities !== entities) return;
      entities.filters = new Map(found.map((one) => [one.id, one]));
      this.app.store.changed();
    } catch {
      // those that were there stay
    }
  }
}
