/** Search: words, conditions and order; what is found, live; and the filters that were saved of such searches. */

import { h } from "../lib/dom.js";
import { single } from "../lib/screens.js";
import { Refused } from "../net/api.js";
import { listing } from "../model/listing.js";
import { isOpen } from "../model/status.js";
import { icon } from "../parts/icon.js";
import { empty, link, pageHead } from "../parts/shell.js";
import { taskList } from "../parts/task-list.js";
import { selectionBar } from "../parts/task-row.js";
import { builder } from "./builder.js";
import { savedList } from "./saved.js";
import "../parts/filter-field.js";
import "./dialogs.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Filter} Filter */
/** @typedef {import("../model/types.js").Task} Task */
/** @typedef {{q: string, filter: string, sort: string}} Wanted */

/** Events that change no result: they leave tasks as they are. */
const ELSEWHERE = /^(Reminder|Delivery|Preferences|Channel|Filter|Comment|Member|Series|Occurrence|Calendar)/;

/** @type {[string, string][]} */
const SORTS = [
  ["", "As people put them"], ["due,-priority", "By due date"], ["-priority,due", "By priority"], ["title", "By title"], ["-created", "Newest first"],
  ["-updated", "Last changed first"], ["-completed", "Last done first"],
];

/** What is looked for: what the address says, or else what the saved filter does. @param {App} app @param {Filter | undefined} saved @returns {Wanted} */
export function wanted(app, saved) {
  const { query } = app.route;
  const given = (/** @type {keyof Wanted} */ name) => query.get(name) ?? "";
  if (saved && !query.has("edited")) return { q: saved.q, filter: saved.filter, sort: saved.sort };
  return { q: given("q"), filter: given("filter"), sort: given("sort") };
}

/** Looks for something else. @param {App} app @param {Wanted} before @param {Partial<Wanted>} changes */
export function look(app, before, changes) {
  const { task } = Object.fromEntries(app.route.query);
  const edited = app.route.id ? { edited: "1" } : {};
  app.go(app.to("search", app.route.id, { ...before, ...changes, ...edited, task }), true);
}

/** @param {App} app */
export function search(app) {
  const saved = app.store.filters.find((one) => one.id === app.route.id);
  const now = wanted(app, saved);
  const any = Boolean(now.q.trim() || now.filter.trim());
  const results = listing(app, "search");
  if (any) keepUp(app, results, now);
  else results.leave();
  const wrong = any && results.error instanceof Refused && results.error.problem.position !== undefined ? results.error.problem : null;
  return [
    pageHead(app, { title: saved ? saved.name : "Search and filters", subtitle: saved ? whose(app, saved) : undefined, actions: actions(app, saved, now, any) }),
    h("div", { class: "search-form", key: "form", role: "search" },
      h("label", { class: "search-words" }, icon("search"), h("span", { class: "unseen" }, "Words to find"),
        h("input", {
          type: "search", class: "search-input", value: now.q, placeholder: "Words in titles, notes and labels, “in quotes” together, -without", enterKeyHint: "search", autocomplete: "off",
          "aria-label": "Words to find", key: `q ${app.route.id}`,
          oninput: (/** @type {InputEvent} */ event) => typed(app, saved, /** @type {HTMLInputElement} */ (event.target).value),
          hook: (/** @type {HTMLInputElement} */ input) => { if (!any && !single.matches) queueMicrotask(() => input.focus()); },
        })),
      h("filter-field", { key: `filter ${app.route.id}`, given: { app, value: now.filter, wrong: wrong?.parameter === "filter" ? wrong : null, changed: (/** @type {string} */ filter) => look(app, wanted(app, saved), { filter }) } }),
      builder(app, now.filter, wrong?.parameter === "filter", (filter) => look(app, wanted(app, saved), { filter })),
      h("div", { class: "search-bar" },
        h("p", { class: `search-count${wrong ? " wrong" : ""}`, id: "filter-wrong", role: "status" }, any ? count(results, wrong) : ""),
        h("span", { class: "grow" }),
        h("label", { class: "search-sort" }, "Order ",
          h("select", { class: "field", "aria-label": "Order", value: now.sort, onchange: (/** @type {Event} */ event) => look(app, wanted(app, saved), { sort: /** @type {HTMLSelectElement} */ (event.target).value }) },
            SORTS.map(([value, name]) => h("option", { key: value, value, selected: value === now.sort }, name)),
            SORTS.some(([value]) => value === now.sort) ? null : h("option", { key: "own", value: now.sort, selected: true }, `By ${now.sort}`))))),
    app.selected.size ? h("div", { class: "above-list", key: "above" }, selectionBar(app)) : null,
    any ? found(app, results, now) : start(app),
  ];
}

/** @param {App} app @param {Filter} saved */
function whose(app, saved) {
  if (!saved.shared) return "A filter of your own";
  return saved.user === app.store.user ? "A filter of yours, shared with all members" : `A filter that ${saved.user} shared`;
}

let timer = 0;

/** What is typed is looked for when it rests. @param {App} app @param {Filter | undefined} saved @param {string} q */
function typed(app, saved, q) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (app.route.page === "search") look(app, wanted(app, saved), { q });
  }, 150);
}

/** Asks for what is wanted, and anew when tasks have changed. @param {App} app @param {import("../model/listing.js").Listing} results @param {Wanted} now */
function keepUp(app, results, now) {
  const { workspace } = app.route;
  results.want(`/workspaces/${workspace}/tasks`, { ...now, count: true });
  if (app.feed?.state !== "live") return;
  if (results.offline) return results.stale();
  const position = app.store.entities.position ?? 0;
  if (results.state !== "ready" || position <= results.position) return;
  const last = app.recent.at(-1)?.position ?? 0;
  const touched = last < position || app.recent.some((event) => event.position > results.position && !ELSEWHERE.test(event.type));
  if (touched) results.stale(position);
}

/** @param {import("../model/listing.js").Listing} results @param {import("../model/types.js").Problem | null} wrong */
function count(results, wrong) {
  if (wrong) return [h("strong", null, wrong.detail), " ", wrong.hint ?? ""];
  if (results.offline) return "";
  if (results.state === "loading" && results.total === null) return "Looking…";
  if (results.total === null) return "";
  return results.total === 1 ? "1 task" : `${results.total.toLocaleString()} tasks`;
}

/** @param {App} app @param {import("../model/listing.js").Listing} results @param {Wanted} now */
function found(app, results, now) {
  if (results.offline) return here(app, now);
  if (results.state === "failed" && !(results.error instanceof Refused && results.error.problem.position !== undefined)) {
    return empty({ drawn: "search", title: "That did not work", text: results.error?.message ?? "", action: h("button", { type: "button", class: "button", onclick: () => results.again() }, "Try again") });
  }
  if (results.state === "loading" && !results.items.length) return h("div", { class: "search-waiting", "aria-busy": "true", key: "waiting" });
  if (!results.items.length && results.state === "ready") {
    return empty({ drawn: "search", title: "Nothing found", text: "Fewer words find more; so do fewer conditions. A word is also found by its beginning." });
  }
  const tasks = app.store.keep(`found ${results.version}`, () => results.items.map((/** @type {Task} */ one) => app.store.task(one.id) ?? one));
  const list = taskList(app, [{ id: "found", tasks }], { label: "Results", place: true, version: results.version });
  return growing(list, results);
}

/** The list, which asks for more as its end comes into view. @param {any} list @param {import("../model/listing.js").Listing} results */
export function growing(list, results) {
  const { hook } = list.props;
  list.props.hook = (/** @type {HTMLElement} */ element) => {
    hook?.(element);
    const near = () => {
      if (results.more && element.scrollTop + element.clientHeight * 2 > element.scrollHeight) void results.grow();
    };
    element.addEventListener("scroll", near, { passive: true });
    new ResizeObserver(near).observe(element);
  };
  return list;
}

/** What this device can find by itself. @param {App} app @param {Wanted} now */
function here(app, now) {
  const words = now.q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const tasks = app.store.keep(`here ${now.q}`, () => (words.length ? app.store.live.filter((task) => {
    const text = `${task.title} ${task.labels.join(" ")}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  }) : []).sort((one, other) => Number(isOpen(other)) - Number(isOpen(one))));
  return [
    h("p", { class: "banner", key: "offline", role: "status" }, icon("offline"), h("span", null, h("strong", null, "You are offline. "),
      `This looks through the titles and labels of what is on this device${now.filter.trim() ? ", without the conditions" : ""}. The whole search is back when you are online.`)),
    tasks.length ? taskList(app, [{ id: "here", tasks }], { label: "Results", place: true, version: `here ${now.q}` })
      : empty({ drawn: "offline", title: "Nothing found here", text: words.length ? "No title and no label on this device has all of these words." : "Type a word to look through titles and labels." }),
  ];
}

const EXAMPLES = [
  ["Late, or due today", "status in (open, in-progress) and due <= today"],
  ["Mine, and pressing", "assignee = me and priority >= high and status in (open, in-progress)"],
  ["Without a date", "status in (open, in-progress) and due is empty"],
  ["Waiting for something", "blocked = true and status in (open, in-progress)"],
  ["Done this week", "completed >= today-7d"],
  ["Not touched for a month", "status in (open, in-progress) and updated < today-1m"],
];

/** Before anything is looked for: what was saved, and what can be asked. @param {App} app */
function start(app) {
  return h("div", { class: "page-body search-start", key: "start" },
    savedList(app),
    h("section", null, h("h2", null, "Worth a look"),
      h("ul", { class: "examples" }, EXAMPLES.map(([name, filter]) =>
        h("li", { key: name }, link(app, app.to("search", "", { filter }), { class: "example" }, h("span", null, name), h("code", { class: "mono hint" }, filter)))))));
}

/** @param {App} app @param {Filter | undefined} saved @param {Wanted} now @param {boolean} any */
function actions(app, saved, now, any) {
  const mine = saved && (saved.user === app.store.user || (saved.shared && app.may("admin")));
  const differs = saved && (saved.q !== now.q || saved.filter !== now.filter || saved.sort !== now.sort);
  return [
    differs && mine ? h("button", { type: "button", class: "button", key: "keep", onclick: () => {
      void app.send({ type: "EditFilter", saved: saved.id, ...now }, { said: `Changed the filter ${saved.name}` });
      app.go(app.to("search", saved.id), true);
    } }, "Save changes") : null,
    saved && mine ? h("button", { type: "button", class: "icon-button", key: "edit", "aria-label": "Edit the filter", title: "Edit the filter", onclick: () => app.openDialog("filter", { saved }) }, icon("settings")) : null,
    any && (!saved || differs) ? h("button", { type: "button", class: "button", key: "save", "aria-label": saved ? "Save as a new filter" : "Save as a filter", onclick: () => app.openDialog("filter", { now }) }, icon("star"), h("span", { class: "narrow-hide" }, saved ? "Save as new" : "Save")) : null,
  ];
}

