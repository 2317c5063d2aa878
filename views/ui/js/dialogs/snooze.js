/** Until when a reminder is put off. */

import { h } from "../lib/dom.js";
import { HERE, instantOf, sayWhen } from "../lib/time.js";
import { choices, snooze } from "../model/reminding.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import "../parts/when-field.js";

/** @typedef {import("../model/types.js").When} When */

dialog("snooze", (app, /** @type {import("../model/types.js").Reminder} */ reminder) => {
  const hour = String(app.store.workspace?.reminder_hour ?? 9).padStart(2, "0");
  const choose = (/** @type {{duration: string} | {until: string}} */ wanted, /** @type {string} */ said) => {
    app.closeDialog();
    snooze(app, reminder, wanted, said);
  };
  return [
    dialogHead(app, "Snooze until when?", app.store.task(reminder.task)?.title),
    h("div", { class: "choices" }, choices(hour).map(({ name, said, wanted, at }) => h("button", { type: "button", class: "choice", key: name, onclick: () => choose(wanted, said) },
      h("span", { class: "grow" }, name), h("span", { class: "hint" }, sayWhen({ local: at }))))),
    h("form", { class: "stack", onsubmit: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const value = /** @type {When | null} */ (/** @type {any} */ (/** @type {Element} */ (event.target).querySelector("when-field"))?.value);
      if (!value) return;
      const local = "date" in value ? `${value.date}T${hour}:00` : value.local;
      const zone = "date" in value ? HERE : (value.zone ?? HERE);
      choose({ until: new Date(instantOf(local, zone)).toISOString() }, `until ${sayWhen(value)}`);
    } },
      h("when-field", { given: { app, value: null, change: () => {}, label: "Another time", enter: () => /** @type {HTMLFormElement | null} */ (document.querySelector(".dialog.snooze form"))?.requestSubmit() } }),
      h("div", { class: "row end" }, h("button", { type: "submit", class: "button primary" }, "Snooze"))),
  ];
});
