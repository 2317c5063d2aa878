/** When tasks are due or start, and putting them off. */

import { h } from "../lib/dom.js";
import { HERE, addDays, sayDay, today, weekday } from "../lib/time.js";
import { editAll } from "../actions.js";
import { dialog, dialogHead } from "../parts/dialogs.js";

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

/** The day and time of a form as a value. @param {HTMLFormElement} form */
export function readWhen(form) {
  const given = new FormData(form);
  const [date, time, zone] = [String(given.get("date")), String(given.get("time") ?? ""), String(given.get("zone") ?? HERE)];
  if (!date) return null;
  if (!time) return { date };
  return zone ? { local: `${date}T${time}`, zone } : { local: `${date}T${time}` };
}

/** Fields for a day, a time and the zone that the time is meant in. @param {any} value @param {boolean} [zones] */
export function whenFields(value, zones = true) {
  const own = value?.local ? (value.zone ?? "") : HERE;
  const offered = [...new Set([HERE, ...(own ? [own] : []), "UTC"])];
  return [
    h("label", { class: "labelled", key: "date" }, "Day", h("input", { class: "field", type: "date", name: "date", value: value?.date ?? value?.local?.slice(0, 10) ?? today(), required: true })),
    h("label", { class: "labelled", key: "time" }, "Time", h("input", { class: "field", type: "time", name: "time", value: value?.local?.slice(11, 16) ?? "" })),
    zones ? h("label", { class: "labelled grow", key: "zone" }, "Time zone", h("select", { class: "field", name: "zone" },
      offered.map((zone) => h("option", { key: zone, value: zone, selected: zone === own }, zone === HERE ? `${zone} (here)` : zone)),
      h("option", { key: "none", value: "", selected: !own }, "Wherever I am"))) : null,
  ];
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
          h("span", { class: "grow" }, name), h("span", { class: "hint" }, `${sayDay(day)}${timed ? ` ${value.local.slice(11, 16)}` : ""}`))),
        h("button", { type: "button", class: "choice", key: "none", onclick: () => set(null, field === "due" ? "no due date" : "no start") }, "No date")),
      h("form", { class: "row when", onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const found = /** @type {any} */ (readWhen(/** @type {HTMLFormElement} */ (event.target)));
        if (found) set(found, `${verb} ${sayDay(found.date ?? found.local.slice(0, 10))}${found.local ? ` ${found.local.slice(11, 16)}` : ""}`);
      } }, whenFields(value), h("button", { class: "button primary", type: "submit" }, "Set")),
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
    h("div", { class: "choices" }, near(now).slice(1).map(({ name, day: one }) => h("button", { type: "button", class: "choice", key: name, onclick: () => put({ to: day(one) }, `until ${sayDay(one)}`) }, h("span", { class: "grow" }, name), h("span", { class: "hint" }, sayDay(one))))),
    h("form", { class: "row when", onsubmit: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const found = readWhen(/** @type {HTMLFormElement} */ (event.target));
      if (found) put({ to: found }, "");
    } }, whenFields(value), h("button", { class: "button primary", type: "submit" }, "Put it off")),
  ];
});
