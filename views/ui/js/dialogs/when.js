/** When tasks are due or start, and putting them off. */

import { h } from "../lib/dom.js";
import { addDays, sayDay, sayShortDay, sayWhen, today, weekday } from "../lib/time.js";
import { editAll } from "../model/together.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import "../parts/when-field.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Task} Task */

/** Days that are chosen often. @param {string} now */
export function near(now) {
  return [
    { name: "Today", day: now }, { name: "Tomorrow", day: addDays(now, 1) },
    { name: "This weekend", day: addDays(now, (5 - weekday(now) + 7) % 7) }, { name: "Next week", day: addDays(now, 7 - weekday(now)) },
    { name: "In two weeks", day: addDays(now, 14) },
  ];
}

/** A form for any other day and time. @param {App} app @param {any} value @param {string} label @param {string} button @param {(value: any) => void} chosen */
export function whenForm(app, value, label, button, chosen) {
  return h("form", {
    class: "stack when",
    onsubmit: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const found = /** @type {any} */ (/** @type {Element} */ (event.target).querySelector("when-field"))?.value;
      if (found) chosen(found);
    },
  },
    h("when-field", { given: { app, value, label, change: () => {}, enter: () => /** @type {HTMLFormElement | null} */ (document.querySelector("dialog form.when"))?.requestSubmit(), focused: true } }),
    h("div", { class: "row end" }, h("button", { class: "button primary", type: "submit" }, button)));
}

/** @param {"due" | "start"} field */
function asking(field) {
  return (/** @type {App} */ app, /** @type {Task[]} */ tasks) => {
    const verb = field === "due" ? "due" : "starts";
    const set = (/** @type {any} */ value, /** @type {string} */ said) => {
      editAll(app, tasks, { [field]: value }, said);
      app.closeDialog();
    };
    const value = /** @type {any} */ (tasks.length === 1 ? tasks[0][field] : tasks[0]?.[field]);
    const timed = tasks.length === 1 && value?.local;
    const onDay = (/** @type {string} */ day) => (timed ? { ...value, local: `${day}${value.local.slice(10)}` } : { date: day });
    const many = field === "due" ? `When are these ${tasks.length} tasks due?` : `When do these ${tasks.length} tasks start?`;
    return [
      dialogHead(app, tasks.length > 1 ? many : field === "due" ? "When is it due?" : "When does it start?", tasks.length === 1 ? tasks[0].title : undefined),
      h("div", { class: "choices" },
        near(today()).map(({ name, day }) => h("button", { type: "button", class: "choice", key: name, onclick: () => set(onDay(day), `${verb} ${sayDay(day)}`) },
          h("span", { class: "grow" }, name), h("span", { class: "hint" }, `${sayShortDay(day)}${timed ? ` ${value.local.slice(11, 16)}` : ""}`))),
        h("button", { type: "button", class: "choice", key: "none", onclick: () => set(null, field === "due" ? "no due date" : "no start") }, "No date")),
      whenForm(app, value ?? null, field === "due" ? "When it is due" : "When it starts", "Set", (found) => set(found, `${verb} ${sayWhen(found)}`)),
    ];
  };
}

dialog("due", asking("due"));
dialog("start", asking("start"));

dialog("postpone", (app, /** @type {Task} */ task) => {
  const put = (/** @type {Record<string, any>} */ to, /** @type {string} */ words) => {
    void app.send({ type: "PostponeTask", task: task.id, ...to }, { said: `Put off ${words}` });
    app.closeDialog();
  };
  const value = /** @type {any} */ (task.due);
  const day = (/** @type {string} */ one) => (value?.local ? { ...value, local: `${one}${value.local.slice(10)}` } : { date: one });
  const now = today();
  return [
    dialogHead(app, "Put it off until…", task.title),
    h("div", { class: "choices" }, near(now).slice(1).map(({ name, day: one }) => h("button", { type: "button", class: "choice", key: name, onclick: () => put({ to: day(one) }, `until ${sayDay(one)}`) }, h("span", { class: "grow" }, name), h("span", { class: "hint" }, sayShortDay(one))))),
    whenForm(app, value, "Until when", "Put it off", (found) => put({ to: found }, `until ${sayWhen(found)}`)),
  ];
});
