/**
 * The page as one object: where it is, what it knows, what it can do. Pages and parts are given it and hold nothing.
 *
 * Data goes one way: a person does something, `send` hands a command to the outbox, the store shows its likely effect,
 * the feed brings what the server made of it.
 *
 * Why so long: it is what pages may ask for, in one list; what stands behind each is in a module of its own.
 */

import { uuid } from "./lib/ids.js";
import { Signal } from "./lib/signal.js";
import { Entities } from "./model/entities.js";
import { Notices } from "./model/notices.js";
import { Presence } from "./model/presence.js";
import { sayProblem } from "./model/saying.js";
import { Store } from "./model/store.js";
import { Refused, all, get } from "./net/api.js";
import { Feed } from "./net/feed.js";
import { Outbox } from "./net/outbox.js";
import { session } from "./net/session.js";
import { Storage } from "./net/storage.js";
import { address, read } from "./router.js";

/** @typedef {import("./model/types.js").Command} Command */
/** @typedef {import("./model/types.js").Outcome} Outcome */
/** @typedef {import("./model/types.js").Workspace} Workspace */
/** @typedef {{id: string, said: string, batch?: string, deciding: Promise<Outcome | null>, notice?: number}} Done */
/** @typedef {"starting" | "welcome" | "sign-in" | "open" | "gone"} Phase */

const LAST = "tasksys.workspace";

/** Commands that are remembered to be undone. */
const UNDOABLE = 500;

export class App extends Signal {
  store = new Store();
  presence = new Presence();
  notices = new Notices();
  route = read(location);
  /** @type {Phase} */
  phase = "starting";
  /** What the person has to know where the page cannot be shown. */
  trouble = "";
  /** @type {Workspace[]} */
  workspaces = [];
  /** @type {Feed | null} */
  feed = null;
  /** @type {Outbox | null} */
  outbox = null;
  /** @type {Storage | null} */
  storage = null;
  /** Selected tasks of the list in view. @type {Set<string>} */
  selected = new Set();
  /** The task that keys are about. @type {string | null} */
  cursor = null;
  /** True until the focus has gone to the task that was opened by a key. */
  entering = false;
  /** What the list in view does with keys; set by the page that shows one. @type {import("./parts/task-list.js").Cursor | null} */
  list = null;
  /** True while the sidebar is shown over the page, where there is no room beside it. */
  sidebar = false;
  /** Which dialog is open: `palette`, `help`, …, with what it is about. @type {{name: string, about?: any} | null} */
  dialog = null;
  /** Events that came while the page was open, newest last: what has just happened. @type {import("./model/types.js").Event[]} */
  recent = [];
  /** Commands of this page that can be undone, newest last. @type {Done[]} */
  done = [];

  constructor() {
    super();
    this.store.listen(() => this.tell());
    this.presence.listen(() => this.tell());
    this.notices.listen(() => this.tell());
    addEventListener("popstate", () => this.#moved());
  }

  // --- life

  async start() {
    this.storage = await Storage.open();
    if (this.route.workspace) return this.open(this.route.workspace);
    const last = localStorage.getItem(LAST);
    try {
      this.workspaces = await all("/workspaces", {}, Infinity);
    } catch (error) {
      if (last && !(error instanceof Refused)) return this.go(address(last, "today"), true);
      return this.#failed(error);
    }
    const found = this.workspaces.find((one) => one.id === last) ?? this.workspaces[0];
    if (found) return this.go(address(found.id, "today"), true);
    this.phase = "welcome";
    this.tell();
  }

  /**
   * Opens a workspace: first with what this device knows of it, then live. If another one is opened meanwhile, nothing
   * more comes of it. @param {string} workspace
   */
  async open(workspace) {
    this.close();
    const user = session.user;
    this.store.user = user;
    const owner = [user, workspace];
    const entities = this.store.entities;
    const feed = new Feed(workspace, {
      position: () => entities.position,
      message: (message) => this.feed === feed && this.#received(message, owner),
      state: (state, reason, code) => this.feed === feed && this.#connection(state, reason, code),
    });
    this.feed = feed;
    const outbox = new Outbox(this.storage, owner, {
      live: () => feed.state === "live",
      send: (message) => feed.send(message),
      entities: () => entities,
    });
    this.outbox = outbox;
    outbox.listen(() => this.outbox === outbox && this.store.setWaiting(outbox.entries));
    const known = await this.storage?.load(owner).catch(() => null);
    if (this.feed !== feed) return;
    if (known) entities.restore(known.rows, known.workspace, known.position);
    await outbox.open();
    if (this.feed !== feed) return;
    if (known) this.#shown(workspace);
    feed.open();
    void this.#others();
  }

  close() {
    this.feed?.close();
    this.outbox?.close();
    this.store.entities = new Entities();
    this.store.setWaiting([]);
    this.presence.clear();
    this.notices.clear();
    this.recent = [];
    this.done = [];
    this.selected.clear();
  }

  async #others() {
    try {
      this.workspaces = await all("/workspaces", {}, Infinity);
      this.tell();
    } catch {
      // the feed says what is wrong
    }
  }

  /** @param {string} workspace */
  #shown(workspace) {
    localStorage.setItem(LAST, workspace);
    this.phase = "open";
    this.trouble = "";
    this.store.changed();
  }

  /** @param {any} message @param {string[]} owner */
  #received(message, owner) {
    switch (message.op) {
      case "hello":
        this.store.user = message.user;
        this.presence.own = message.client;
        break;
      case "snapshot":
      case "state": {
        const touched = this.store.entities.take(message);
        if (!touched) break;
        void this.storage?.keep(owner, touched === "all" ? null : touched, this.store.entities).catch(() => {});
        this.outbox?.reached(message.position);
        this.store.changed();
        break;
      }
      case "event":
        if (message.position > (this.recent.at(-1)?.position ?? 0)) this.recent = [...this.recent.slice(-199), message.event];
        break;
      case "caught-up":
        this.#shown(/** @type {Feed} */ (this.feed).workspace);
        if (!this.presence.placed) this.presence.at(this.#where());
        this.presence.again();
        this.outbox?.pump();
        break;
      case "presence":
        this.presence.take(message);
        break;
      case "outcome":
        this.outbox?.decided(message);
        break;
      case "error":
        if (message.re === "command") this.outbox?.decided(message);
        break;
      case "reminder":
        this.notices.remind(message, this);
        break;
    }
  }

  /** @param {import("./net/feed.js").State} state @param {string} reason @param {number} code */
  #connection(state, reason, code) {
    if (state === "offline" || state === "closed") {
      this.outbox?.lost();
      this.presence.clear();
    }
    if (code === 4401) this.#leave("sign-in", reason || "Your token has expired; sign in again.");
    else if (code === 4403) this.#leaveForGood(reason || "You are no longer a member of this workspace.");
    else if (state === "offline" && navigator.onLine) void this.#why();
    this.presence.send = (where) => this.feed?.send({ op: "presence", where }) ?? false;
    this.tell();
  }

  /** A WebSocket that is turned away does not say why; a request does. */
  async #why() {
    try {
      await get(`/workspaces/${this.route.workspace}`);
    } catch (error) {
      if (!(error instanceof Refused)) return;
      if (error.status === 401) this.#failed(error);
      else if (error.status === 403 || error.status === 404) this.#leaveForGood(error.message);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof Refused && error.status === 401) this.#leave("sign-in", "");
    else this.#leave("gone", /** @type {Error} */ (error).message);
  }

  /** Who is no member any more keeps nothing of the workspace on this device, but what they wrote themselves. @param {string} trouble */
  #leaveForGood(trouble) {
    const { user } = this.store;
    const workspace = /** @type {Feed} */ (this.feed).workspace;
    this.#leave("gone", trouble);
    void this.storage?.forget([user, workspace]).catch(() => {});
  }

  /** @param {Phase} phase @param {string} trouble */
  #leave(phase, trouble) {
    this.feed?.close();
    this.phase = phase;
    this.trouble = trouble;
    this.tell();
  }

  // --- where it is

  /** Shows another address. @param {string} to @param {boolean} [replace] */
  go(to, replace = false) {
    if (replace) history.replaceState(null, "", to);
    else if (to !== location.pathname + location.search) history.pushState(null, "", to);
    this.#moved();
  }

  #moved() {
    const before = this.route;
    this.route = read(location);
    if (before.page !== this.route.page || before.id !== this.route.id) this.selected.clear();
    if (this.route.workspace && this.route.workspace !== this.feed?.workspace) void this.open(this.route.workspace);
    else if (!this.route.workspace) void this.start();
    this.presence.at(this.#where());
    this.tell();
  }

  /** @returns {import("./model/types.js").Where} */
  #where() {
    const task = this.route.query.get("task");
    const project = this.route.page === "project" ? this.route.id : "";
    return { view: this.route.page, ...(project ? { project } : {}), ...(task ? { task } : {}) };
  }

  /** The address of a page of this workspace. @param {string} page @param {string} [id] @param {Record<string, string | null | undefined>} [query] */
  to(page, id = "", query = {}) {
    return address(this.route.workspace, page, id, query);
  }

  /** The address of this page with other parameters. @param {Record<string, string | null | undefined>} changes */
  with(changes) {
    return this.to(this.route.page, this.route.id, { ...Object.fromEntries(this.route.query), ...changes });
  }

  /** Opens a task beside what is shown; `enter` takes the focus there. @param {string | null} task @param {{enter?: boolean}} [how] */
  openTask(task, { enter = false } = {}) {
    this.entering = enter;
    this.go(this.with({ task }));
  }

  // --- what it can do

  /**
   * Sends a command. `said` is what was done, for those who may want to undo it; without it nothing is said. An edit is
   * given what it saw of the fields that it changes (`base`). Commands of one `batch` are undone together.
   * @param {Command} command @param {{said?: string, base?: Record<string, any>, text?: string, without?: string[], batch?: string}} [more]
   * @returns {Promise<Outcome | null>}
   */
  async send(command, { said, base, text, without, batch } = {}) {
    const named = { ...command, id: uuid() };
    const deciding = /** @type {Outbox} */ (this.outbox).add(named, { base, text, without });
    if (command.type !== "Undo") this.done = [...this.done.slice(1 - UNDOABLE), { id: named.id, said: said ?? "", batch, deciding }];
    if (said && this.feed?.state !== "live") this.notices.say(`${said}. It is sent when you are online again.`);
    const outcome = await deciding;
    if (outcome?.status !== "accepted" || !outcome.events.length) this.done = this.done.filter((one) => one.id !== named.id);
    else if (said && command.type !== "Undo" && this.feed?.state === "live") {
      const notice = this.notices.say(said, { label: "Undo", run: () => this.undo(named.id) });
      this.done = this.done.map((one) => (one.id === named.id ? { ...one, notice } : one));
    }
    if (outcome?.status === "refused" && !command.task) {
      this.notices.say(sayProblem(outcome.problem) || "It was refused.", undefined, "error");
      void this.outbox?.drop(named.id);
    }
    return outcome;
  }

  /** Changes fields of a task; not silently over what somebody else changed meanwhile. @param {import("./model/types.js").Task} task @param {Record<string, any>} fields @param {string} [said] @param {string} [batch] */
  edit(task, fields, said, batch) {
    const rows = /** @type {Record<string, any>} */ (task);
    const base = Object.fromEntries(Object.keys(fields).map((field) => [field, rows[field] ?? null]));
    return this.send({ type: "EditTask", task: task.id, ...fields }, { said, base, batch });
  }

  /** Undoes a command of this page, with those of its batch; by default the last one. @param {string} [id] */
  async undo(id = this.done.at(-1)?.id) {
    const found = this.done.find((one) => one.id === id);
    if (!found) return this.notices.say("There is nothing to undo in this window. The history of a task undoes any step.");
    const all = this.done.filter((one) => one === found || (found.batch && one.batch === found.batch)).reverse();
    this.done = this.done.filter((one) => !all.includes(one));
    for (const one of all) if (one.notice) this.notices.drop(one.notice);
    const said = all.find((one) => one.said)?.said;
    const undone = await Promise.all(all.map((one) => this.#undo(one)));
    if (undone.includes(true)) this.notices.say(said ? `Undone: ${said}` : "Undone");
  }

  /** Undoes one; what was not sent yet is given up. True if it is undone. @param {Done} one */
  async #undo({ id, deciding }) {
    if (this.feed?.state !== "live" && this.outbox?.entries.some((one) => one.id === id && one.state === "waiting" && !one.sent)) {
      await this.outbox.drop(id);
      return true;
    }
    const decided = await deciding;
    if (decided?.status !== "accepted") return false;
    return (await this.send({ type: "Undo", command: decided.id }))?.status === "accepted";
  }

  /** @param {string} name @param {any} [about] */
  openDialog(name, about) {
    this.dialog = { name, about };
    this.tell();
  }

  closeDialog() {
    this.dialog = null;
    this.tell();
  }

  /** True if the person may do at least what that role may. @param {import("./model/types.js").Role} needed */
  may(needed) {
    const roles = ["viewer", "commenter", "editor", "admin", "owner"];
    const own = this.store.entities.members.get(this.store.user)?.role ?? this.store.workspace?.role ?? "editor";
    return roles.indexOf(own) >= roles.indexOf(needed);
  }
}
