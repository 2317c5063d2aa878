/** What the page says in passing: what was done, with undo; what was refused; reminders that fire. */

import { Signal } from "../lib/signal.js";

/** @typedef {{id: number, text: string, tone: "plain" | "error", action?: {label: string, run: () => void}, until: number}} Notice */

const SECONDS = 7;

export class Notices extends Signal {
  /** @type {Notice[]} */
  shown = [];
  #next = 1;

  /** @param {string} text @param {{label: string, run: () => void}} [action] @param {"plain" | "error"} [tone] */
  say(text, action, tone = "plain") {
    const id = this.#next++;
    this.shown = [...this.shown.slice(-2), { id, text, action, tone, until: Date.now() + SECONDS * 1000 }];
    setTimeout(() => this.drop(id), SECONDS * 1000);
    this.tell();
  }

  /** @param {number} id */
  drop(id) {
    this.shown = this.shown.filter((one) => one.id !== id);
    this.tell();
  }

  /**
   * A reminder has fired: the list of reminders shows it; the desktop too, if the person allowed that.
   * @param {{reminder: import("./types.js").Reminder, task: import("./types.js").Task}} message
   * @param {{openTask: (id: string) => void}} app
   */
  remind({ reminder, task }, app) {
    if (document.visibilityState !== "visible" && "Notification" in window && Notification.permission === "granted") {
      const shown = new Notification(task.title, { body: "Reminder", tag: reminder.id, icon: "/favicon.svg" });
      shown.onclick = () => {
        window.focus();
        app.openTask(task.id);
      };
    }
    this.tell();
  }
}
