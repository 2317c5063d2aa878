/**
 * Commands on their way: kept on this device until the server has decided them, sent in order, each under its own
 * idempotency key, so that a command that was sent twice acts once.
 *
 * What went out once goes out again to the letter: another version would be another command under the same key.
 *
 * An edit remembers what it saw. If somebody else has changed the same field since, it is not sent: it becomes a
 * conflict, which a person decides. Tabs share one outbox; one of them, which holds the lock, sends.
 *
 * Why so long: what becomes of a command on its way is one machine, whose steps have to be read together.
 */

import { uuid } from "../lib/ids.js";
import { Signal } from "../lib/signal.js";
import { Offline, Refused, post } from "./api.js";
import { HERE } from "../lib/time.js";
import { made } from "../model/making.js";
import { conflicting } from "../model/waiting.js";

/** @typedef {import("../model/types.js").Command} Command */
/** @typedef {import("../model/types.js").Problem} Problem */
/** @typedef {import("../model/types.js").Outcome} Outcome */

/** @typedef {import("../model/waiting.js").Waiting} Waiting */
/** @typedef {{live: () => boolean, send: (message: any) => boolean, entities: () => import("../model/entities.js").Entities}} Line */

/** Answers after which the same command may be sent again under a new key, because nothing came of it. */
const AGAIN = new Set(["version-conflict"]);

/** Milliseconds before a command is sent again that the server could not take, or decide, just now. */
const SOON = 500;

/** Bytes of a command, for a message of the feed is at most a mebibyte; longer ones end the connection, each time anew. */
const MOST = 1_000_000;

/** The turn of one entry to be sent; `command` is its key once it is out. @typedef {{entry: string, command: string}} Turn */

export class Outbox extends Signal {
  /** @type {Waiting[]} */
  #entries = [];
  /** @type {Map<string, (outcome: Outcome | null) => void>} */
  #resolvers = new Map();
  #leader = false;
  /** What is being sent, one at a time. @type {Turn | null} */
  #turn = null;
  /** Counts what changes here, so that what was read before it is not taken for what there is. */
  #changes = 0;
  /** Entries that the device would not keep. @type {Set<string>} */
  #unkept = new Set();
  #last = 0;
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
    const entry = { ...this.#waiting({ ...command, id }), ...more };
    this.#changes++;
    this.#entries = [...this.#entries, entry];
    this.tell();
    const decided = new Promise((/** @type {(outcome: Outcome | null) => void} */ resolve) => this.#resolvers.set(id, resolve));
    void this.#stored(entry).then(() => {
      this.#channel?.postMessage({ changed: true });
      this.pump();
    });
    return decided;
  }

  /**
   * A new entry. Its time is later than that of all before it, whatever the clock says: what was kept is read in that order.
   * @param {Command & {id: string}} command @returns {Waiting}
   */
  #waiting(command) {
    const [user, workspace] = this.owner;
    this.#last = Math.max(Date.now(), this.#last + 1, ...this.#entries.map((one) => Date.parse(one.at) + 1));
    return { id: command.id, user, workspace, at: new Date(this.#last).toISOString(), command, state: "waiting" };
  }

  /** The answer to a message of kind `command`, or an error about it. @param {any} message */
  decided(message) {
    const status = passing(message.problem) ? "unknown" : "refused";
    const outcome = message.op === "outcome" ? message.outcome : { id: message.id, status, events: [], problem: message.problem };
    const turn = this.#turn?.command === outcome.id ? this.#turn : null;
    const entry = this.#entries.find((one) => one.command.id === outcome.id);
    if (entry) void this.#settle(entry, outcome, turn);
    else this.#over(turn); // it was given up meanwhile
  }

  /** The rows have reached a position: what was decided up to there is seen. @param {number} position */
  reached(position) {
    const before = this.#entries.length;
    this.#changes++;
    this.#entries = this.#entries.filter((one) => one.state !== "accepted" || (one.position ?? 0) > position);
    if (this.#entries.length !== before) this.tell();
    this.pump();
  }

  /** The connection was lost: what was sent is sent again. */
  lost() {
    this.#turn = null;
    this.#changes++;
    this.#entries = this.#entries.map((one) => (one.state === "sent" ? { ...one, state: "waiting" } : one));
    this.tell();
  }

  /** Sends what is next, if it can be. */
  pump() {
    if (!this.#leader || this.#turn || !this.line.live()) return;
    const position = this.line.entities().position ?? 0;
    if (this.#entries.some((one) => one.state === "accepted" && (one.position ?? 0) > position)) return;
    const next = this.#entries.find((one) => one.state === "waiting");
    if (!next) return;
    const turn = { entry: next.id, command: "" };
    this.#turn = turn;
    void this.#send(next, turn).catch((error) => {
      if (this.#turn === turn) this.#turn = null;
      console.warn("a command could not be sent", error);
    });
  }

  /** The turn is over, now or in a moment: another entry can be sent. @param {Turn | null} turn @param {number} [wait] */
  #over(turn, wait = 0) {
    const end = () => {
      if (!turn || this.#turn !== turn) return;
      this.#turn = null;
      this.pump();
    };
    if (wait) setTimeout(end, wait);
    else end();
  }

  /** True as long as it is the turn of an entry, and nobody has given it up. @param {Turn} turn */
  #goesOn(turn) {
    if (this.#turn !== turn) return false;
    if (this.#entries.some((one) => one.id === turn.entry)) return true;
    this.#over(turn);
    return false;
  }

  /**
   * Sends a conflict after all, over what the others did; or a refused command again, under a new key, unless it is not
   * known whether it was decided.
   * @param {string} id
   */
  async insist(id) {
    const entry = this.#entries.find((one) => one.id === id);
    if (!entry || (entry.state !== "refused" && entry.state !== "conflict")) return;
    const base = entry.base && entry.theirs ? { ...entry.base, ...entry.theirs } : entry.base;
    const anew = (entry.problem?.status ?? 0) >= 500 ? {} : { sent: undefined, command: { ...entry.command, id: uuid() } };
    await this.#put({ ...entry, base, state: "waiting", problem: undefined, theirs: undefined, ...anew });
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

  /** @param {Waiting} given @param {Turn} turn */
  async #send(given, turn) {
    let entry = given;
    if (entry.text !== undefined) {
      const parsed = await this.#parsed(entry);
      if (!this.#goesOn(turn)) return;
      if (!parsed) return this.#over(turn, SOON);
      await this.#put(...parsed);
      if (!this.#goesOn(turn)) return;
      entry = parsed[0];
    }
    const task = this.line.entities().tasks.get(entry.command.task ?? "");
    const conflict = entry.sent ? null : conflicting(entry, task);
    if (conflict) {
      await this.#put({ ...entry, state: "conflict", theirs: conflict });
      this.#resolvers.get(entry.id)?.(null);
      this.#resolvers.delete(entry.id);
      return this.#over(turn);
    }
    const version = entry.base && entry.command.task ? this.line.entities().tasks.get(entry.command.task)?.version : undefined;
    const sent = entry.sent ?? (version === undefined ? entry.command : { ...entry.command, expected_version: version });
    if (new TextEncoder().encode(JSON.stringify(sent)).length > MOST) {
      const detail = "This is too long to be sent; make it shorter, or several of it.";
      const problem = { title: "Too long", status: 413, code: "body-too-large", detail };
      return this.#settle(entry, { id: sent.id ?? "", status: "refused", events: [], problem }, turn);
    }
    await this.#put({ ...entry, state: "sent", sent });
    if (!this.#goesOn(turn)) return;
    turn.command = sent.id ?? "";
    if (!this.line.send({ op: "command", command: sent })) this.lost();
  }

  /**
   * A quick add that was written without a network, as a command, and those of its reminders; null if it cannot be
   * understood just now. @param {Waiting} entry @returns {Promise<[Waiting, ...Waiting[]] | null>}
   */
  async #parsed(entry) {
    const { text, without, command, ...rest } = entry;
    try {
      const found = await post("/parse", { text, workspace: this.owner[1], zone: HERE, now: entry.at, without: without ?? [] });
      const { task = uuid(), id, project, section, due } = command;
      const reminders = found.reminders.map((/** @type {any} */ body) => this.#waiting({ type: "AddReminder", task, reminder: uuid(), ...body, id: uuid() }));
      return [{ ...rest, command: { ...made(found.command, { project, section, due }, task), id } }, ...reminders];
    } catch (error) {
      if (error instanceof Offline) return null;
      if (!(error instanceof Refused)) throw error;
      return passing(error.problem) ? null : [{ ...rest, command }]; // the words as they are, as a title: better than nothing
    }
  }

  /** @param {Waiting} entry @param {Outcome} outcome @param {Turn | null} turn */
  async #settle(entry, outcome, turn) {
    let wait = 0;
    if (outcome.status === "pending" || outcome.status === "unknown") {
      wait = SOON;
      await this.#put({ ...entry, state: "waiting" });
    } else if (outcome.status === "refused" && entry.base && AGAIN.has(outcome.problem?.code ?? "")) {
      wait = SOON; // by then the rows are here that it was refused for
      await this.#put({ ...entry, state: "waiting", sent: undefined, command: { ...entry.command, id: uuid() } });
    } else if (outcome.status === "refused") {
      await this.#put({ ...entry, state: "refused", problem: outcome.problem ?? undefined });
      this.#tellOf(entry.id, outcome);
    } else {
      const position = Math.max(0, ...outcome.events.map((event) => event.position));
      await this.#forgotten(entry.id);
      this.#accepted(entry.id, position);
      this.#tellOf(entry.id, outcome);
    }
    this.#over(turn, wait);
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
    this.#changes++;
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
    /** @type {Waiting[]} */
    let stored;
    let seen;
    do {
      seen = this.#changes;
      stored = await this.storage.waiting(this.owner);
    } while (seen !== this.#changes);
    const own = this.#entries.filter((one) => one.state === "accepted" || this.#unkept.has(one.id));
    const kept = stored.filter((one) => !own.some((known) => known.id === one.id));
    const stray = (/** @type {Waiting} */ one) => this.#leader && one.state === "sent" && one.id !== this.#turn?.entry;
    this.#entries = [...own, ...kept.map((one) => (stray(one) ? { ...one, state: /** @type {const} */ ("waiting") } : one))]
      .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
    this.tell();
  }

  /** Changes an entry, if it was not given up, and takes on what comes with it: all of it is kept, or nothing. @param {Waiting} entry @param {...Waiting} more */
  async #put(entry, ...more) {
    if (!this.#entries.some((one) => one.id === entry.id)) return;
    this.#changes++;
    this.#entries = [...this.#entries.map((one) => (one.id === entry.id ? entry : one)), ...more];
    this.tell();
    await this.#stored(entry, ...more);
    this.#channel?.postMessage({ changed: true });
  }

  /** @param {string} id */
  async #remove(id) {
    this.#changes++;
    this.#entries = this.#entries.filter((one) => one.id !== id);
    this.tell();
    await this.#forgotten(id);
  }

  /** @param {...Waiting} entries */
  async #stored(...entries) {
    try {
      await this.storage?.putWaiting(...entries);
      for (const one of entries) this.#unkept.delete(one.id);
    } catch (error) {
      for (const one of entries) this.#unkept.add(one.id);
      console.warn("this device keeps nothing; the command is lost if the page is closed now", error);
    }
  }

  /** @param {string} id */
  async #forgotten(id) {
    this.#unkept.delete(id);
    try {
      await this.storage?.removeWaiting(id);
    } catch (error) {
      console.warn("this device still keeps a command that is done with; it acts once", error);
    }
  }
}

/** True if the server says that the same command, under the same key, may be decided in a moment. @param {Problem | undefined} problem */
function passing(problem) {
  return problem !== undefined && (problem.status === 429 || problem.status === 503 || problem.code === "still-pending");
}
