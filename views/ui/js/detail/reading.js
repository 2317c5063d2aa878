/** What of a task comes over HTTP: its comments, and who changed it last. Read when it is opened, and anew when it is stale. */

import { all, get } from "../net/api.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Entry} Entry */

/** The newest entries of the audit that are looked at. */
const ENTRIES = 30;

class Reading {
  /** @type {"loading" | "here" | "failed"} */
  state = "loading";
  trouble = "";
  /** The newest entries, newest first. @type {Entry[]} */
  entries = [];
  #stopped = new AbortController();

  /** @param {App} app @param {string} task */
  constructor(app, task) {
    this.app = app;
    this.task = task;
    this.workspace = app.route.workspace;
    /** The comments that it was read into: a new snapshot has none. */
    this.into = app.store.entities.comments;
    void this.#read();
  }

  stop() {
    this.#stopped.abort();
  }

  again() {
    this.state = "loading";
    this.app.tell();
    void this.#read();
  }

  async #read() {
    const { app, task } = this;
    const { entities } = app.store;
    const comments = entities.reading("comments");
    this.into = entities.comments;
    const at = `/workspaces/${this.workspace}`;
    try {
      const rows = await all(`${at}/tasks/${task}/comments`);
      if (this.#stopped.signal.aborted || this.into !== entities.comments) return;
      const put = comments.fill(rows);
      const owner = [app.store.user, this.workspace];
      void app.storage?.keep(owner, { put, removed: [] }, entities).catch(() => {});
      this.state = "here";
      app.store.changed();
      this.entries = (await get(`${at}/audit`, { task, limit: ENTRIES }, this.#stopped.signal)).items;
      app.tell();
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.state = "failed";
      this.trouble = /** @type {Error} */ (error).message;
      app.tell();
    } finally {
      comments.done();
    }
  }
}

/** @type {Reading | null} */
let current = null;
let wasLive = false;

/** What is read of the task that is open. @param {App} app @param {string} task */
export function reading(app, task) {
  const live = app.feed?.state === "live";
  const stale = current && (current.task !== task || current.workspace !== app.route.workspace || current.into !== app.store.entities.comments);
  if (!current || stale) {
    current?.stop();
    current = new Reading(app, task);
  } else if (live && !wasLive && current.state === "failed") current.again();
  wasLive = live;
  return current;
}

/** Nothing is open any more. */
export function readNothing() {
  current?.stop();
  current = null;
}
