/**
 * What the server has said: the rows of one workspace, as of a position. Only messages of the feed change it.
 *
 * `touched` is what the last message changed, so that it can be kept on this device.
 */

/** @typedef {import("./types.js").Task} Task */
/** @typedef {"tasks" | "projects" | "members" | "series" | "reminders" | "filters" | "comments"} Kind */

/** What rows of each kind are known by. @type {Record<Kind, string>} */
export const NAMED_BY = {
  tasks: "id", projects: "id", members: "user", series: "id", reminders: "id", filters: "id", comments: "id",
};

/** @type {readonly Kind[]} */
export const KINDS = /** @type {Kind[]} */ (Object.keys(NAMED_BY));

/** How `removed` names kinds. @type {Record<string, Kind>} */
const REMOVED = {
  task: "tasks", project: "projects", member: "members", series: "series", reminder: "reminders", filter: "filters",
  comment: "comments",
};

/** @typedef {{put: [Kind, string, any][], removed: [Kind, string][]}} Touched */

export class Entities {
  /** @type {Map<string, Task>} */
  tasks = new Map();
  /** @type {Map<string, import("./types.js").Project>} */
  projects = new Map();
  /** @type {Map<string, import("./types.js").Member>} */
  members = new Map();
  /** @type {Map<string, import("./types.js").Series>} */
  series = new Map();
  /** @type {Map<string, import("./types.js").Reminder>} */
  reminders = new Map();
  /** @type {Map<string, import("./types.js").Filter>} */
  filters = new Map();
  /** @type {Map<string, import("./types.js").Comment>} */
  comments = new Map();
  /** @type {import("./types.js").Workspace | null} */
  workspace = null;
  /** The position as of which all of it is; null as long as nothing is known. @type {number | null} */
  position = null;

  /** Rows that are read over HTTP just now, with what the feed has told of them meanwhile. @type {Set<{kind: Kind, told: Set<string>}>} */
  #readings = new Set();

  /** Pages of a snapshot that is not complete yet. @type {Entities | null} */
  #coming = null;

  /**
   * Takes one message in: `snapshot` or `state`. What is changed by it, or null if that is everything (a snapshot that
   * is complete now), or nothing yet.
   * @param {any} message @returns {Touched | "all" | null}
   */
  take(message) {
    if (message.op === "snapshot") return this.#page(message);
    return this.#changed(message);
  }

  /** @param {any} message */
  #page(message) {
    if (this.#coming === null || message.workspace) this.#coming = new Entities();
    const coming = this.#coming;
    coming.#changed(message);
    if (message.more) return null;
    this.#coming = null;
    for (const kind of KINDS) if (kind !== "comments") /** @type {any} */ (this)[kind] = coming[kind];
    this.comments = new Map();
    this.workspace = coming.workspace;
    this.position = message.position;
    return "all";
  }

  /** @param {any} message @returns {Touched} */
  #changed(message) {
    /** @type {Touched} */
    const touched = { put: [], removed: [] };
    for (const kind of KINDS) {
      for (const row of message[kind] ?? []) {
        const name = row[NAMED_BY[kind]];
        /** @type {Map<string, any>} */ (this[kind]).set(name, row);
        touched.put.push([kind, name, row]);
        this.#told(kind, name);
      }
    }
    for (const one of message.removed ?? []) {
      const kind = REMOVED[one.kind];
      if (!kind) continue;
      this[kind].delete(one.id);
      touched.removed.push([kind, one.id]);
      this.#told(kind, one.id);
    }
    if (message.workspace) this.workspace = { ...this.workspace, ...message.workspace };
    this.position = message.position;
    return touched;
  }

  /** @param {Kind} kind @param {string} id */
  #told(kind, id) {
    for (const one of this.#readings) if (one.kind === kind) one.told.add(id);
  }

  /**
   * Begins to read rows that the feed tells only when they change. `fill` takes those that were read, but not over what
   * the feed has told of them since; what it took is its answer. `done` ends it.
   * @param {Kind} kind
   */
  reading(kind) {
    const reading = { kind, told: /** @type {Set<string>} */ (new Set()) };
    this.#readings.add(reading);
    return {
      fill: (/** @type {any[]} */ rows) => {
        const taken = rows.filter((row) => !reading.told.has(row[NAMED_BY[kind]]));
        for (const row of taken) /** @type {Map<string, any>} */ (this[kind]).set(row[NAMED_BY[kind]], row);
        return taken.map((row) => /** @type {[Kind, string, any]} */ ([kind, row[NAMED_BY[kind]], row]));
      },
      done: () => void this.#readings.delete(reading),
    };
  }

  /** Fills it with what was kept on this device. @param {[Kind, any][]} rows @param {any} workspace @param {number} position */
  restore(rows, workspace, position) {
    for (const [kind, row] of rows) /** @type {Map<string, any>} */ (this[kind]).set(row[NAMED_BY[kind]], row);
    this.workspace = workspace;
    this.position = position;
  }
}
