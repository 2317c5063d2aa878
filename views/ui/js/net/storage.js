/**
 * What is kept on this device (IndexedDB): the rows of each workspace with their position, and commands to be sent.
 *
 * Without it (a private window that forbids it) the page works all the same, until it is closed.
 */

import { KINDS } from "../model/entities.js";

const NAME = "tasksys";
const VERSION = 1;

/** @typedef {import("../model/entities.js").Kind} Kind */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export class Storage {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /** Opens it. @returns {Promise<Storage | null>} null where it is not to be had */
  static async open() {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const database = request.result;
        database.createObjectStore("rows"); // [user, workspace, kind, id]
        database.createObjectStore("workspaces"); // [user, workspace]: {workspace, position}
        database.createObjectStore("outbox", { keyPath: "id" }).createIndex("of", ["user", "workspace", "at"]);
      };
      return new Storage(await done(request));
    } catch {
      return null;
    }
  }

  /** @param {string[]} owner [user, workspace] */
  async load(owner) {
    const transaction = this.database.transaction(["rows", "workspaces"]);
    const range = IDBKeyRange.bound([...owner, ""], [...owner, "\uffff"]);
    const rows = transaction.objectStore("rows");
    const [keys, values, known] = await Promise.all([
      done(rows.getAllKeys(range)), done(rows.getAll(range)), done(transaction.objectStore("workspaces").get(owner)),
    ]);
    if (!known) return null;
    const pairs = values.map((row, index) => /** @type {[Kind, any]} */ ([/** @type {any} */ (keys[index])[2], row]));
    return { rows: pairs, workspace: known.workspace, position: /** @type {number} */ (known.position) };
  }

  /**
   * Keeps what changed together with the position, or neither.
   * @param {string[]} owner @param {import("../model/entities.js").Touched | null} touched null: everything is given
   * @param {import("../model/entities.js").Entities} entities
   */
  async keep(owner, touched, entities) {
    const transaction = this.database.transaction(["rows", "workspaces"], "readwrite");
    const rows = transaction.objectStore("rows");
    if (touched === null) {
      rows.delete(IDBKeyRange.bound([...owner, ""], [...owner, "\uffff"]));
      for (const kind of KINDS.filter((one) => one !== "comments")) { // no snapshot has them
        for (const [id, row] of entities[kind]) rows.put(row, [...owner, kind, id]);
      }
    } else {
      for (const [kind, id, row] of touched.put) rows.put(row, [...owner, kind, id]);
      for (const [kind, id] of touched.removed) rows.delete([...owner, kind, id]);
    }
    transaction.objectStore("workspaces").put({ workspace: entities.workspace, position: entities.position }, owner);
    await committed(transaction);
  }

  /** Forgets a workspace, not what waits to be sent. @param {string[]} owner */
  async forget(owner) {
    const transaction = this.database.transaction(["rows", "workspaces"], "readwrite");
    transaction.objectStore("rows").delete(IDBKeyRange.bound([...owner, ""], [...owner, "\uffff"]));
    transaction.objectStore("workspaces").delete(owner);
    await committed(transaction);
  }

  /** What waits to be sent, oldest first. @param {string[]} owner @returns {Promise<any[]>} */
  async waiting(owner) {
    const index = this.database.transaction("outbox").objectStore("outbox").index("of");
    return done(index.getAll(IDBKeyRange.bound([...owner, ""], [...owner, "\uffff"])));
  }

  /** Keeps them all, or none. @param {...any} entries */
  async putWaiting(...entries) {
    const transaction = this.database.transaction("outbox", "readwrite", { durability: "strict" });
    for (const one of entries) transaction.objectStore("outbox").put(one);
    await committed(transaction);
  }

  /** @param {string} id */
  async removeWaiting(id) {
    const transaction = this.database.transaction("outbox", "readwrite");
    transaction.objectStore("outbox").delete(id);
    await committed(transaction);
  }
}
