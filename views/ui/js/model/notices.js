/** What the page says in passing: what was done, with undo; what was refused; reminders that fire. */

import { Signal } from "../lib/signal.js";
import { sayWhen } from "../lib/time.js";

/** @typedef {import("./types.js").Reminder} Reminder */
/** @typedef {{reminder: Reminder, task: import("./types.js").Task, seen: boolean}} Card `seen` once its row has fired */

/** @typedef {{id: number, text: string, tone: "plain" | "error", action?: {label: string, run: () => void}, until: number}} Notice */

const SECONDS = 7;

export class Notices extends Signal {
  /** @type {Notice[]} */
  shown = [];
  /** Reminders that fired while the page was open. @type {Card[]} */
  cards = [];
  /** @type {Map<string, Notification>} */
  #desktop = new Map();
  #next = 1;

  /** Its id, by which it can be dropped. @param {string} text @param {{label: string, run: () => void}} [action] @param {"plain" | "error"} [tone] */
  say(text, action, tone = "plain") {
    const id = this.#next++;
    this.shown = [...this.shown.slice(-2), { id, text, action, tone, until: Date.now() + SECONDS * 1000 }];
    setTimeout(() => this.drop(id), SECONDS * 1000);
    this.tell();
    return id;
  }

  /** @param {number} id */
  drop(id) {
    this.shown = this.shown.filter((one) => one.id !== id);
    this.tell();
  }

  /**
   * A reminder has fired: a card shows it until it is answered, here or elsewhere; while the window is hidden, the desktop
   * does too, if the person allowed that.
   * @param {{reminder: Reminder, task: import("./types.js").Task}} message
   * @param {{openTask: (id: string) => void}} app
   */
  remind({ reminder, task }, app) {
    this.cards = [...this.cards.filter((one) => one.reminder.id !== reminder.id), { reminder, task, seen: false }];
    if (document.visibilityState !== "visible" && "Notification" in window && Notification.permission === "granted") {
      const shown = new Notification(task.title, { body: task.due ? `Due ${sayWhen(task.due)}` : "Reminder", tag: reminder.id, icon: "/favicon.svg" });
      this.#desktop.get(reminder.id)?.close();
      this.#desktop.set(reminder.id, shown);
      shown.onclick = () => {
        window.focus();
        app.openTask(task.id);
        shown.close();
      };
    }
    this.tell();
  }

  /** Puts all cards away: they are another workspace's, or another person's. */
  clear() {
    for (const { reminder } of this.cards) this.dismiss(reminder.id);
  }

  /** Puts a card away; the reminder itself stays as it is. @param {string} reminder */
  dismiss(reminder) {
    this.#away(reminder);
    this.tell();
  }

  /** @param {string} reminder */
  #away(reminder) {
    this.cards = this.cards.filter((one) => one.reminder.id !== reminder);
    this.#desktop.get(reminder)?.close();
    this.#desktop.delete(reminder);
  }

  /**
   * The cards that still wait for an answer. A reminder may be told here before its row says that it has fired.
   * @param {(id: string) => Reminder | undefined} row
   */
  open(row) {
    for (const card of [...this.cards]) {
      const state = row(card.reminder.id)?.state;
      if (state === "fired") card.seen = true;
      else if (card.seen || (state && state !== "pending")) this.#away(card.reminder.id);
    }
    return this.cards;
  }
}
