/**
 * Commands on their way: kept on this device until the server has decided them, sent in order, each under its own
 * idempotency key, so that a command that was sent twice acts once.
 *
 * An edit remembers what it saw. If somebody else has changed the same field since, it is not sent: it becomes a
 * conflict, which a person decides. Tabs share one outbox; one of them, which holds the lock, sends.
 */

import { uuid } from "../lib/ids.js";
import { Signal } from "../lib/signal.js";
import { Offline, Refused, post } from "./api.js";
import { HERE } from "../lib/time.js";
import { conflicting } from "../model/waiting.js";
import { made } from "../model/making.js";

/** @typedef {import("../model/types.js").Command} Command */
/** @typedef {import("../model/types.js").Problem} Problem */
/** @typedef {import("../model/types.js").Outcome} Outcome */

/** @typedef {import("../model/waiting.js").Waiting} Waiting */
/** @typedef {{live: () => boolean, send: (message: any) => boolean, entities: () => import("../model/entities.js").Entities}} Line */

/** Answers after which the same command may be sent again under a new key, because nothing came of it. */
const AGAIN = new Set(["version-conflict"]);

/** Errors that pass: the same command is sent again, under the same key, for it may have been appended. */
const PASSING = new Set([429, 503, 504]);

/** Milliseconds until then. */
const PAUSE = 2_000;

export class Outbox extends Signal {
  /** @type {Waiting[]} */
  #entries = [];
  /** @type {Map<string, (outcome: Outcome | null) => void>} */
  #resolvers = new Map();
  #leader = false;
  #busy = false;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #closed = new AbortController();

  /** @param {import("./storage.js").Storage | null} storage @param {string[]} owner [user, workspace] @param {Line} line */
  constructor(storage, owner, line) {
    super();
    this.storage = storage;
    this.owner = owner;
    this.line = line;
  }

  /** Everything that is not done with, oldest first. @returns {readonly Waiting[]} */
  get entries() {
    return this.#entries;
  }

  /** Reads what was kept, and takes part in sending it. */
  async open() {
    const name = `tasksys outbox ${this.owner.join(" ")}`;
    if (!this.storage || !navigator.locks) {
      this.#leader = true;
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => this.#heard(event.data);
    await this.#reload();
    const held = navigator.locks.request(name, { signal: this.#closed.signal }, async () => {
      this.#leader = true;
      await this.#reload();
      this.#entries = this.#entries.map((one) => (one.state === "sent" ? { ...one, state: "waiting" } : one));
      this.pump();
      await new Promise((resolve) => this.#closed.signal.addEventListener("abort", resolve));
    });
    held.catch(() => {});
  }

  close() {
    this.#closed.abort();
    this.#channel?.close();
  }

  /**
   * Takes a command on. The promise is of its outcome; null if it was given up before it had one.
   * @param {Command} command @param {{base?: Record<string, any>, text?: string, without?: string[]}} [more] @returns {Promise<Outcome | null>}
   */
  add(command, more = {}) {
    const id = command.id ?? uuid();
    const [user, workspace] = this.owner;
    const at = new Date().toISOString();
    /** @type {Waiting} */
    const entry = { id, user, workspace, at, command: { ...command, id }, state: "waiting", ...more };
    this.#entries = [...this.#entries, entry];
    this.tell();
    const decided = new Promise((/** @type {(outcome: Outcome | null) => void} */ resolve) => this.#resolvers.set(id, resolve));
    void this.#stored(entry).then(() => {
      this.#channel?.postMessage({ changed: true });
      this.pump();
    });
    return decided;
  }

  /** The outcome of a command. @param {Outcome} outcome */
  decided(outcome) {
    const entry = this.#entries.find((one) => one.command.id === outcome.id);
    if (entry) void this.#settle(entry, outcome);
  }

  /** A command was not taken, or it is not known whether it was. @param {string} id @param {Problem} problem */
  failed(id, problem) {
    const entry = this.#entries.find((one) => one.command.id === id);
    if (!entry) return;
    if (!PASSING.has(problem.status ?? 0) && problem.code !== "still-pending") {
      void this.#settle({ ...entry, undecided: true }, { id, status: "refused", events: [], problem });
      return;
    }
    void this.#put({ ...entry, state: "waiting" });
    setTimeout(() => {
      this.#busy = false;
      this.pump();
    }, PAUSE);
  }

  /** The rows have reached a position: what was decided up to there is seen. @param {number} position */
  reached(position) {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((one) => one.state !== "accepted" || (one.position ?? 0) > position);
    if (this.#entries.length !== before) this.tell();
    this.pump();
  }

  /** The connection was lost: what was sent is sent again. */
  lost() {
    this.#busy = false;
    this.#entries = this.#entries.map((one) => (one.state === "sent" ? { ...one, state: "waiting" } : one));
    this.tell();
  }

  /** Sends what is next, if it can be. */
  pump() {
    if (!this.#leader || this.#busy || !this.line.live()) return;
    const position = this.line.entities().position ?? 0;
    if (this.#entries.some((one) => one.state === "accepted" && (one.position ?? 0) > position)) return;
    const next = this.#entries.find((one) => one.state === "waiting");
    if (!next) return;
    this.#busy = true;
    void this.#send(next).catch((error) => {
      this.#busy = false;
      console.warn("a command could not be sent", error);
    });
  }

  /** Sends a conflict after all, over what the others did; or a refused command again. @param {string} id */
  async insist(id) {
    const entry = this.#entries.find((one) => one.id === id);
    if (!entry) return;
    const { sent, undecided, theirs, problem, ...rest } = entry;
    const base = entry.base && theirs ? { ...entry.base, ...theirs } : entry.base;
    if (undecided) await this.#put({ ...rest, ...(sent ? { sent } : {}), state: "waiting" });
    else await this.#put({ ...rest, base, state: "waiting", command: { ...entry.command, id: uuid() } });
    this.pump();
  }

  /** Gives a command up that is not decided. @param {string} id */
  async drop(id) {
    await this.#remove(id);
    this.#resolvers.get(id)?.(null);
    this.#resolvers.delete(id);
    this.#channel?.postMessage({ dropped: id });
    this.pump();
  }

  /** @param {Waiting} given */
  async #send(given) {
    let entry = given;
    if (entry.text !== undefined) {
      const parsed = await this.#parsed(entry);
      if (!parsed) return;
      entry = parsed;
    }
    const task = this.line.entities().tasks.get(entry.command.task ?? "");
    const conflict = entry.sent ? null : conflicting(entry, task);
    if (conflict) {
      this.#busy = false;
      await this.#put({ ...entry, state: "conflict", theirs: conflict });
      this.#resolvers.get(entry.id)?.(null);
      this.#resolvers.delete(entry.id);
      this.pump();
      return;
    }
    const sent = entry.sent ?? this.#complete(entry);
    await this.#put({ ...entry, sent, state: "sent" });
    if (!this.line.send({ op: "command", command: sent })) this.lost();
  }

  /** The command as it is sent, and sent again: an edit insists on the version that was compared. @param {Waiting} entry @returns {Command} */
  #complete(entry) {
    const version = entry.base && entry.command.task ? this.line.entities().tasks.get(entry.command.task)?.version : undefined;
    return version === undefined ? entry.command : { ...entry.command, expected_version: version };
  }

  /** A quick add that was written without a network, as a command. @param {Waiting} entry @returns {Promise<Waiting | null>} */
  async #parsed(entry) {
    const { text, without, command, ...rest } = entry;
    try {
      const found = await post("/parse", { text, workspace: this.owner[1], zone: HERE, now: entry.at, without: without ?? [] });
      const { task = uuid(), id, project, section, due } = command;
      // Their ids follow from this one's: whoever is here again after a crash adds none twice.
      found.reminders.forEach((/** @type {any} */ body, /** @type {number} */ index) => {
        const named = `${entry.id}-r${index}`;
        if (!this.#entries.some((one) => one.id === named)) void this.add({ type: "AddReminder", id: named, task, reminder: named, ...body });
      });
      return { ...rest, command: { ...made(found.command, { project, section, due }, task), id } };
    } catch (error) {
      this.#busy = false;
      if (error instanceof Offline) return null;
      if (!(error instanceof Refused)) throw error;
      return { ...rest, command }; // the words as they are, as a title: better than nothing
    }
  }

  /** @param {Waiting} entry @param {Outcome} outcome */
  async #settle(entry, outcome) {
    this.#busy = false;
    if (outcome.status === "pending" || outcome.status === "unknown") {
      await this.#put({ ...entry, state: "waiting" });
    } else if (outcome.status === "refused" && entry.base && AGAIN.has(outcome.problem?.code ?? "")) {
      await this.#put({ ...entry, sent: undefined, state: "waiting", command: { ...entry.command, id: uuid() } });
    } else if (outcome.status === "refused") {
      await this.#put({ ...entry, state: "refused", problem: outcome.problem ?? undefined });
      this.#tellOf(entry.id, outcome);
    } else {
      const position = Math.max(0, ...outcome.events.map((event) => event.position));
      await this.storage?.removeWaiting(entry.id);
      this.#accepted(entry.id, position);
      this.#tellOf(entry.id, outcome);
    }
    this.pump();
  }

  /** @param {string} id @param {Outcome} outcome */
  #tellOf(id, outcome) {
    this.#resolvers.get(id)?.(outcome);
    this.#resolvers.delete(id);
    this.#channel?.postMessage({ decided: id, outcome });
  }

  /** @param {string} id @param {number} position */
  #accepted(id, position) {
    const known = this.line.entities().position ?? 0;
    this.#entries = this.#entries
      .map((one) => (one.id === id ? { ...one, state: /** @type {const} */ ("accepted"), position } : one))
      .filter((one) => one.state !== "accepted" || (one.position ?? 0) > known);
    this.tell();
  }

  /** @param {any} message of another tab */
  #heard(message) {
    if (message.decided) {
      const outcome = /** @type {Outcome} */ (message.outcome);
      if (outcome.status === "accepted") this.#accepted(message.decided, Math.max(0, ...outcome.events.map((event) => event.position)));
      this.#resolvers.get(message.decided)?.(outcome);
      this.#resolvers.delete(message.decided);
    }
    void this.#reload().then(() => this.pump());
  }

  async #reload() {
    if (!this.storage) return;
    const stored = await this.storage.waiting(this.owner);
    const accepted = this.#entries.filter((one) => one.state === "accepted");
    this.#entries = [...accepted, ...stored.filter((one) => !accepted.some((known) => known.id === one.id))];
    this.tell();
  }

  /** @param {Waiting} entry */
  async #put(entry) {
    this.#entries = this.#entries.map((one) => (one.id === entry.id ? entry : one));
    this.tell();
    await this.#stored(entry);
    this.#channel?.postMessage({ changed: true });
  }

  /** @param {string} id */
  async #remove(id) {
    this.#entries = this.#entries.filter((one) => one.id !== id);
    this.tell();
    await this.storage?.removeWaiting(id);
  }

  /** @param {Waiting} entry */
  async #stored(entry) {
    try {
      await this.storage?.putWaiting(entry);
    } catch (error) {
      console.warn("this device keeps nothing; the command is lost if the page is closed now", error);
    }
  }
}
