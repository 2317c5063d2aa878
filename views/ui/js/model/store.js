/**
 * What is to be seen: what the server has said, with the likely effects of what waits to be sent or decided on top.
 *
 * Answers are kept until something changes; pages may ask for the same list in every frame.
 */

import { Signal } from "../lib/signal.js";
import { Entities } from "./entities.js";
import { byOrder } from "./order.js";
import { predict } from "./predict.js";

/** @typedef {import("./types.js").Task} Task */
/** @typedef {import("./types.js").Project} Project */
/** @typedef {import("./entities.js").Kind} Kind */
/** @typedef {import("../net/outbox.js").Waiting} Waiting */
/** @typedef {{project: string | null, section: string | null, parent: string | null}} Place */

export class Store extends Signal {
  entities = new Entities();

  /** Who uses this page. */
  user = "";

  /** What waits to be sent or decided, in order. @type {readonly Waiting[]} */
  #waiting = [];

  /** What the predictions come to: rows, or null for those that are gone. @type {Map<Kind, Map<string, any>>} */
  #overlay = new Map();

  /** @type {Map<string, any>} */
  #kept = new Map();

  /** Something changed: all that was worked out is worked out anew. */
  changed() {
    this.#predict();
    this.#kept.clear();
    this.tell();
  }

  /** @param {readonly Waiting[]} waiting */
  setWaiting(waiting) {
    this.#waiting = waiting;
    this.changed();
  }

  #predict() {
    this.#overlay = new Map();
    const shown = this.#waiting.filter((one) => one.state === "waiting" || one.state === "sent" || one.state === "accepted");
    if (!shown.length) return;
    for (const one of shown) {
      this.#kept.clear();
      predict(one.command, this.#draft(one.at));
    }
  }

  /** @param {string} at @returns {import("./predict.js").Draft} */
  #draft(at) {
    const put = (/** @type {Kind} */ kind, /** @type {string} */ id, /** @type {any} */ row) => {
      const rows = this.#overlay.get(kind) ?? new Map();
      rows.set(id, row);
      this.#overlay.set(kind, rows);
    };
    const copy = (/** @type {Kind} */ kind) => (/** @type {string} */ id) => {
      const found = this.#row(kind, id);
      if (!found) return undefined;
      const fresh = { ...found };
      put(kind, id, fresh);
      return fresh;
    };
    return {
      task: copy("tasks"), project: copy("projects"), reminder: copy("reminders"), comment: copy("comments"),
      series: copy("series"), filter: copy("filters"),
      put: (kind, row) => {
        if (!this.entities[kind].has(row.id)) put(kind, row.id, row);
      },
      remove: (kind, id) => put(kind, id, null),
      siblings: (place) => this.siblings(place),
      user: this.user, workspace: this.entities.workspace?.id ?? "", at,
    };
  }

  /** @param {Kind} kind @param {string} id */
  #row(kind, id) {
    const over = this.#overlay.get(kind);
    if (over?.has(id)) return over.get(id) ?? undefined;
    return this.entities[kind].get(id);
  }

  /** @param {Kind} kind @returns {any[]} */
  #rows(kind) {
    return this.keep(`rows ${kind}`, () => {
      const over = this.#overlay.get(kind);
      if (!over?.size) return [...this.entities[kind].values()];
      const rows = [];
      for (const [id, row] of /** @type {Map<string, any>} */ (this.entities[kind])) {
        const shown = over.has(id) ? over.get(id) : row;
        if (shown) rows.push(shown);
      }
      for (const [id, row] of over) if (row && !this.entities[kind].has(id)) rows.push(row);
      return rows;
    });
  }

  /** What `make` gives, made once until something changes. @template T @param {string} name @param {() => T} make @returns {T} */
  keep(name, make) {
    if (!this.#kept.has(name)) this.#kept.set(name, make());
    return this.#kept.get(name);
  }

  // --- rows

  get workspace() {
    return this.entities.workspace;
  }

  /** @param {string | null | undefined} id @returns {Task | undefined} */
  task(id) {
    return id ? this.#row("tasks", id) : undefined;
  }

  /** @param {string | null | undefined} id @returns {Project | undefined} */
  project(id) {
    return id ? this.#row("projects", id) : undefined;
  }

  /** @param {string | null | undefined} id @returns {import("./types.js").Series | undefined} */
  series(id) {
    return id ? this.#row("series", id) : undefined;
  }

  /** @returns {Task[]} */
  get tasks() {
    return this.#rows("tasks");
  }

  /** Projects that are not in the trash, in order. @returns {Project[]} */
  get projects() {
    return this.keep("projects", () => this.#rows("projects").filter((one) => !one.trashed_at).sort(byOrder));
  }

  /** Projects in the trash. @returns {Project[]} */
  get trashedProjects() {
    return this.keep("trashed projects", () => this.#rows("projects").filter((one) => one.trashed_at));
  }

  /** @returns {import("./types.js").Member[]} */
  get members() {
    return this.#rows("members");
  }

  /** @returns {import("./types.js").Reminder[]} */
  get reminders() {
    return this.#rows("reminders");
  }

  /** @param {string} id @returns {import("./types.js").Reminder | undefined} */
  reminder(id) {
    return this.#row("reminders", id);
  }

  /** @returns {import("./types.js").Filter[]} */
  get filters() {
    return this.keep("filters", () => this.#rows("filters").sort(byOrder));
  }

  /** @returns {import("./types.js").Series[]} */
  get allSeries() {
    return this.#rows("series");
  }

  /** The comments of a task that are known, oldest first. @param {string} task @returns {import("./types.js").Comment[]} */
  comments(task) {
    const found = this.keep("comments", () => Map.groupBy(this.#rows("comments"), (one) => one.task));
    return (found.get(task) ?? []).sort((one, other) => (one.created_at < other.created_at ? -1 : 1));
  }

  // --- what follows from several rows

  /** The task at the top of the tree that the task is in. @param {Task} task */
  root(task) {
    for (let depth = 0; task.parent && depth < 40; depth++) {
      const parent = this.task(task.parent);
      if (!parent) break;
      task = parent;
    }
    return task;
  }

  /** True if the task, one of its parents or its project is in the trash. @param {Task} task */
  inTrash(task) {
    /** @type {Task | undefined} */
    let one = task;
    for (let depth = 0; one && depth < 40; depth++) {
      if (one.trashed_at) return true;
      if (!one.parent) break;
      one = this.task(one.parent);
    }
    const project = this.project((one ?? task).project);
    return Boolean(project?.trashed_at);
  }

  /** The tasks that are not in the trash. @returns {Task[]} */
  get live() {
    return this.keep("live", () => this.tasks.filter((one) => !this.inTrash(one)));
  }

  /** @returns {Map<string, Task[]>} */
  get #byParent() {
    return this.keep("by parent", () => {
      const found = new Map();
      for (const one of this.live) if (one.parent) found.set(one.parent, [...(found.get(one.parent) ?? []), one]);
      for (const list of found.values()) list.sort(byOrder);
      return found;
    });
  }

  /** The subtasks of a task, in order. @param {string} task @returns {Task[]} */
  subtasks(task) {
    return this.#byParent.get(task) ?? [];
  }

  /** The tasks that stand in one place, in order. @param {Place} place @returns {Task[]} */
  siblings(place) {
    if (place.parent) return this.subtasks(place.parent);
    return this.keep(`at ${place.project} ${place.section}`, () =>
      this.live.filter((one) => !one.parent && one.project === place.project && one.section === place.section).sort(byOrder),
    );
  }

  /** The tasks of a project, without subtasks, in order. @param {string | null} project @returns {Task[]} */
  inProject(project) {
    return this.keep(`project ${project}`, () =>
      this.live.filter((one) => !one.parent && one.project === project).sort(byOrder),
    );
  }

  /** Every label in use, most used first. @returns {string[]} */
  get labels() {
    return this.keep("labels", () => {
      const counts = new Map();
      for (const task of this.live) for (const label of task.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
      return [...counts].sort((one, other) => other[1] - one[1]).map(([label]) => label);
    });
  }

  /** What waits or was refused for a task. @param {string} task @returns {Waiting[]} */
  waitingFor(task) {
    return this.#waiting.filter((one) => one.command.task === task);
  }

  /** @returns {readonly Waiting[]} */
  get waiting() {
    return this.#waiting;
  }
}
