/**
 * The live feed of one workspace: a WebSocket that is opened again for as long as it is wanted.
 *
 * It begins after the position that `position()` says, so that nothing is missed and nothing told twice.
 */

import { subprotocols } from "./session.js";

/** @typedef {"connecting" | "live" | "offline" | "closed"} State */

/** Milliseconds before it is tried again; some of it by chance, so that not all come at once. */
const WAITS = [250, 500, 1_000, 2_000, 5_000, 10_000];

/** Milliseconds without any message after which a ping is sent, and after which the connection counts as lost. */
const QUIET = 25_000;
const LOST = 10_000;

/** Close codes after which it is in vain to try again, as things are. */
const FINAL = new Set([4401, 4403]);

/**
 * @typedef {{
 *   position: () => number | null,
 *   message: (message: any) => void,
 *   state: (state: State, reason: string, code: number) => void,
 * }} Listener
 */

export class Feed {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #wanted = false;
  /** @type {number} */
  #timer = 0;
  /** @type {number} */
  #watch = 0;
  /** @type {State} */
  state = "closed";

  /** @param {string} workspace @param {Listener} listener */
  constructor(workspace, listener) {
    this.workspace = workspace;
    this.listener = listener;
    this.online = () => this.#retry(0);
    this.offline = () => this.#lost();
  }

  open() {
    this.#wanted = true;
    addEventListener("online", this.online);
    addEventListener("offline", this.offline);
    this.#connect();
  }

  close() {
    this.#wanted = false;
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#socket?.close();
    this.#set("closed");
  }

  /**
   * Sends a message; false if there is no connection. Half a character (of an emoji that was cut in two) is no JSON to the
   * server, which would end the connection over it, each time anew: it becomes �. @param {any} message
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.state !== "live") return false;
    this.#socket.send(JSON.stringify(message, (_, value) => (typeof value === "string" ? value.toWellFormed() : value)));
    return true;
  }

  /** Tries now. */
  retry() {
    this.#retry(0);
  }

  #connect() {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#set("connecting");
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/workspaces/${this.workspace}/feed`, subprotocols());
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#received(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.reason, event.code);
    };
  }

  /** The connection is no more, whether the browser knows it yet or not. @param {string} [reason] @param {number} [code] */
  #lost(reason = "", code = 0) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    clearTimeout(this.#watch);
    if (!this.#wanted) return;
    if (FINAL.has(code)) {
      this.#wanted = false;
      this.#set("closed", reason, code);
      return;
    }
    this.#set("offline", reason, code);
    this.#retry(WAITS[Math.min(this.#attempt++, WAITS.length - 1)]);
  }

  /** @param {number} wait */
  #retry(wait) {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#timer);
    if (wait) this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
    else this.#connect();
  }

  /** @param {any} message */
  #received(message) {
    this.#expect(QUIET, () => {
      this.#socket?.send('{"op":"ping"}');
      this.#expect(LOST, () => this.#lost());
    });
    if (message.op === "hello" || message.op === "resync") this.#subscribe();
    if (message.op === "error" && message.re === "subscribe" && message.problem.code === "bad-position") {
      this.#socket?.send(JSON.stringify({ op: "subscribe", after: null, state: true }));
    }
    if (message.op === "caught-up") {
      this.#attempt = 0;
      this.#set("live");
    }
    this.listener.message(message);
  }

  #subscribe() {
    this.#socket?.send(JSON.stringify({ op: "subscribe", after: this.listener.position(), state: true }));
  }

  /** @param {number} wait @param {() => void} then */
  #expect(wait, then) {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(then, wait);
  }

  /** @param {State} state @param {string} [reason] @param {number} [code] */
  #set(state, reason = "", code = 0) {
    if (this.state === state) return;
    this.state = state;
    this.listener.state(state, reason, code);
  }
}
