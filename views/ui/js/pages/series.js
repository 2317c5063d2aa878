/** What repeats: all series with what comes of them, and one with its occurrences, past and to come. */

import { h } from "../lib/dom.js";
import { addDays, sayDay, sayFullDay, sayWhen, today } from "../lib/time.js";
import { clock, seen } from "../lib/grid.js";
import { get } from "../net/api.js";
import { fetched, isOffline } from "../model/fetched.js";
import { whenOf } from "../model/occurrences.js";
import { icon } from "../parts/icon.js";
import { empty, link, pageHead } from "../parts/shell.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Series} Series */
/** @typedef {import("../model/types.js").Occurrence} Occurrence */
/** @typedef {import("../model/types.js").Figures} Figures */

/** Days of the past that are shown. */
const YEAR = 366;

/** Occurrences of each direction that are asked for at once. */
const PAGE = 50;

/** @type {Record<string, string>} */
const BECAME = { planned: "To come", open: "Open", "in-progress": "In progress", done: "Done", cancelled: "Cancelled", skipped: "Skipped", missed: "Missed", trashed: "In the trash" };

/** @param {App} app */
export function seriesPage(app) {
  if (app.route.id) return one(app, app.route.id);
  const { store } = app;
  const ended = app.route.query.get("ended") === "1";
  const all = store.keep("series in order", () => [...store.allSeries].sort((one, other) => ((one.next ?? "~") < (other.next ?? "~") ? -1 : 1)));
  const going = all.filter((one) => one.state !== "ended");
  const gone = all.filter((one) => one.state === "ended");
  const shown = ended ? [...going, ...gone] : going;
  return [
    pageHead(app, { title: "Repeating", subtitle: "Tasks that come again by themselves" }),
    shown.length || gone.length ? h("div", { class: "page-body", key: "series" },
      h("ul", { class: "series-list" }, shown.map((series) => line(app, series))),
      shown.length ? null : h("p", { class: "hint shut" }, "Nothing repeats now."),
      gone.length ? h("p", { class: "shut" }, link(app, app.with({ ended: ended ? null : "1" }), { class: "button" }, ended ? "Hide what has ended" : `Show what has ended (${gone.length})`)) : null)
      : empty({
        drawn: "repeat", title: "Nothing repeats yet", text: ["Write it with a new task, such as “Water the plants every 3 days”, or press ", h("kbd", null, "R"), " at a task to make it repeat."],
        action: app.may("editor") ? h("button", { type: "button", class: "button primary", onclick: () => app.openDialog("add") }, "Add a task") : undefined,
      }),
  ];
}

/** What the occurrences of a series depend on. @param {App} app @param {Series} series */
function stampOf(app, series) {
  const tasks = app.store.keep("newest of series", () => {
    const found = new Map();
    for (const task of app.store.entities.tasks.values()) if (task.series) found.set(task.series, Math.max(found.get(task.series) ?? 0, task.position));
    return found;
  });
  return `${series.position} ${series.version} ${series.next} ${tasks.get(series.id) ?? 0}`;
}

/** @param {App} app @param {string} id */
function path(app, id) {
  return `/workspaces/${app.route.workspace}/series/${encodeURIComponent(id)}`;
}

/** @param {App} app @param {Series} series */
function figuresOf(app, series) {
  return fetched(app, `figures ${series.id}`, stampOf(app, series), (signal) => /** @type {Promise<Figures>} */ (get(`${path(app, series.id)}/statistics`, {}, signal)));
}

/** When it comes next, in words. @param {Series} series */
function nextOf(series) {
  if (series.state === "paused") return "Paused";
  if (series.state === "ended") return "Ended";
  if (series.open.length && (series.after_completion || !series.next)) return "Open now";
  return series.next ? `Next ${sayWhen(whenOf(series, series.next))}` : "Nothing to come";
}

/** @param {App} app @param {Series} series */
function line(app, series) {
  const { value } = figuresOf(app, series);
  return h("li", { class: `series-line ${series.state}`, key: series.id },
    h("span", { class: "series-mark" }, icon(series.state === "paused" ? "pause" : "repeat")),
    h("div", { class: "series-main" },
      link(app, app.to("series", series.id), {}, series.template.title),
      h("span", { class: "hint" }, `${series.description} · ${nextOf(series)}`)),
    h("div", { class: "figures" },
      figure(value ? String(value.streak) : "–", "in a row"),
      figure(value && value.done_ratio !== null ? `${Math.round(value.done_ratio * 100)} %` : "–", "done")),
    h("div", { class: "series-actions" }, actions(app, series)));
}

/** @param {string} number @param {string} words */
function figure(number, words) {
  return h("span", { class: "figure", key: words }, h("strong", null, number), h("span", null, words));
}

/** @param {App} app @param {Series} series */
function actions(app, series) {
  if (!app.may("editor")) return null;
  const { title } = series.template;
  const button = (/** @type {string} */ name, /** @type {string} */ drawn, /** @type {() => void} */ run) => h("button", { type: "button", class: "icon-button", title: name, "aria-label": `${name}: ${title}`, key: name, onclick: run }, icon(drawn));
  const send = (/** @type {string} */ type, /** @type {string} */ said) => () => void app.send({ type, series: series.id }, { said: `${said} “${title}”` });
  if (series.state === "ended") return button("Resume", "play", send("ResumeSeries", "Resumed"));
  return [
    button("Edit", "settings", () => app.openDialog("series", { series })),
    series.state === "paused" ? button("Resume", "play", send("ResumeSeries", "Resumed")) : button("Pause", "pause", send("PauseSeries", "Paused")),
    button("End", "close", send("EndSeries", "Ended")),
  ];
}

// --- one

/** @param {App} app @param {string} id */
function one(app, id) {
  const series = app.store.series(id);
  if (!series) return [pageHead(app, { title: "Repeating" }), empty({ drawn: "repeat", title: "There is no such series", text: "It may be in another workspace." })];
  const { value: figures } = figuresOf(app, series);
  const now = today();
  const much = Math.min(20, Math.max(1, Number(app.route.query.get("pages")) || 1));
  const stamp = `${stampOf(app, series)} ${much} ${now}`;
  const coming = fetched(app, `coming ${id}`, stamp, (signal) => pages(app, id, { from: now }, much, signal));
  const past = fetched(app, `past ${id}`, stamp, (signal) => pages(app, id, { from: addDays(now, -YEAR * much), to: now }, 20, signal));
  const failed = coming.error ?? past.error;
  return [
    pageHead(app, { title: series.template.title, subtitle: `${series.description} · ${nextOf(series)}`, actions: h("div", { class: "row", key: "actions" }, actions(app, series)) }),
    h("div", { class: "page-body", key: `series ${id}` },
      h("div", { class: "series-figures" }, figures ? [
        figure(String(figures.streak), "done in a row"), figure(String(figures.longest_streak), "longest row"), figure(String(figures.done), "done"), figure(String(figures.late), "of them late"),
        figure(String(figures.missed), "missed"), figure(String(figures.skipped), "skipped"), figure(figures.done_ratio === null ? "–" : `${Math.round(figures.done_ratio * 100)} %`, "done of all")] : h("span", { class: "hint" }, failed ? "" : "Counting…")),
      failed ? h("p", { class: "hint shut", role: "status" }, isOffline(failed) ? "What it has brought and will bring is shown once you are online." : failed.message) : null,
      coming.value ? h("section", { "aria-label": "To come", key: "coming" }, h("div", { class: "group-head" }, h("h2", null, "From today on")),
        coming.value.items.length ? h("ul", null, coming.value.items.map((item, index) => occurrence(app, series, item, index === 0))) : h("p", { class: "hint shut" }, series.state === "active" ? "Nothing is to come." : "Nothing comes while it is not going on."),
        coming.value.more ? h("p", { class: "shut" }, link(app, app.with({ pages: String(much + 1) }), { class: "button" }, "Show more")) : null) : failed ? null : h("p", { class: "hint shut" }, "Looking…"),
      past.value?.items.length ? h("section", { "aria-label": "Before today", key: "past" }, h("div", { class: "group-head" }, h("h2", null, "Before today")),
        h("ul", null, [...past.value.items].reverse().map((item) => occurrence(app, series, item, false)))) : null,
      series.previous && app.store.series(series.previous) ? h("p", { class: "shut" }, link(app, app.to("series", series.previous), {}, "What it was before it was changed")) : null,
      series.following && app.store.series(series.following) ? h("p", { class: "shut" }, link(app, app.to("series", series.following), {}, "How it went on after it was changed")) : null),
  ];
}

/** Some pages of occurrences. @param {App} app @param {string} id @param {Record<string, string>} range @param {number} most @param {AbortSignal} signal @returns {Promise<{items: Occurrence[], more: boolean}>} */
async function pages(app, id, range, most, signal) {
  /** @type {Occurrence[]} */
  const items = [];
  let cursor;
  for (let page = 0; page < most; page++) {
    const found = await get(`${path(app, id)}/occurrences`, { ...range, limit: "to" in range ? 200 : PAGE, cursor }, signal);
    items.push(...found.items);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  return { items, more: Boolean(cursor) };
}

/** @param {App} app @param {Series} series @param {Occurrence} item @param {boolean} first */
function occurrence(app, series, item, first) {
  const at = seen(item.due);
  const task = app.store.task(item.task);
  const state = task && !task.trashed ? task.status : item.state;
  const override = series.overrides?.find((one) => one.original === item.occurrence);
  const skipped = override?.skipped;
  const due = task?.due ?? override?.due ?? item.due;
  const shown = seen(due);
  const moved = shown.day !== item.occurrence.slice(0, 10) && !shown.zone;
  const words = `${sayFullDay(shown.day)}${shown.minutes === null ? "" : `, ${clock(shown.minutes)}`}`;
  const editable = app.may("editor") && (state === "planned" || state === "open" || state === "in-progress") && !skipped;
  return h("li", { class: `occurrence ${state}`, key: item.occurrence },
    h("span", { class: "when" }, words),
    h("span", { class: `became ${state}` }, skipped ? "Skipped" : (BECAME[state] ?? state)),
    h("span", { class: "grow ellipsis" }, item.title && item.title !== series.template.title ? item.title : null, moved ? h("span", { class: "hint" }, ` was ${sayDay(item.occurrence.slice(0, 10))}`) : null),
    first && state === "planned" && at.day >= today() ? h("span", { class: "chip next-mark" }, "Next") : null,
    task ? h("button", { type: "button", class: "button quiet", "aria-label": `Open ${task.title}, ${words}`, onclick: () => app.openTask(task.id) }, "Open") : null,
    editable ? h("button", { type: "button", class: "button quiet", "aria-label": `Change ${words}`, onclick: () => app.openDialog("series", { series, occurrence: item.occurrence, due, task }) }, "Change") : null,
    editable && state === "planned" ? h("button", { type: "button", class: "button quiet", "aria-label": `Skip ${words}`, onclick: () => void app.send({ type: "SkipOccurrence", series: series.id, occurrence: item.occurrence }, { said: `Skipped ${words}` }) }, "Skip") : null);
}
