/** Activity: everything that anybody did, newest first, live; each step can be undone. */

import { h } from "../lib/dom.js";
import { sayDay, sayFullDay, sayInstant, wallTime } from "../lib/time.js";
import { Refused, get } from "../net/api.js";
import { listing } from "../model/listing.js";
import { drawingOf, undoable } from "../model/entries.js";
import { CLOCK, who } from "../model/saying.js";
import { asText, sentence } from "../model/sentences.js";
import { actorMark } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { empty, pageHead } from "../parts/shell.js";
import { said } from "./pieces.js";
import "./dialogs.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Entry} Entry */
/** @typedef {{id: string, actor: string, at: string, entries: Entry[]}} Step what one command did */

/** Entries of a step that are shown before one asks for the rest. */
const FEW = 4;

const SINCE = /** @type {const} */ ([["", "At any time"], ["1", "Last 24 hours"], ["7", "Last 7 days"], ["30", "Last 30 days"]]);

/** What was found of the chain of records; null before anybody asked. @type {{workspace: string, state: "asking" | "known" | "failed", ok?: boolean, events?: number, position?: number, detail?: string} | null} */
let checked = null;

/** Steps whose entries are all shown. @type {Set<string>} */
const opened = new Set();

/** @param {App} app */
export function activity(app) {
  const { query, workspace } = app.route;
  const [actor, task, days] = ["by", "of", "days"].map((name) => query.get(name) ?? "");
  const entries = listing(app, "activity");
  const since = days ? new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - Number(days) * 86_400_000).toISOString() : "";
  entries.want(`/workspaces/${workspace}/audit`, { actor, task, since });
  const position = app.store.entities.position ?? 0;
  if (app.feed?.state === "live" && (entries.offline || (entries.state === "ready" && position > entries.position))) entries.stale(position);
  const byDay = app.store.keep(`activity ${entries.version}`, () => byDays(steps(entries.items)));
  return [
    pageHead(app, { title: "Activity", subtitle: "Everything that anybody did here; each step can be undone" }),
    h("div", { class: "activity-bar", key: "bar" }, filters(app, { actor, task, days }), h("span", { class: "grow" }),
      h("button", { type: "button", class: "button", onclick: () => void verify(app) }, icon("check"), "Check the record")),
    verdict(app),
    h("div", { class: "page-body activity", key: "body", role: "region", "aria-label": "Everything that happened", "aria-busy": String(entries.state === "loading"), tabIndex: 0, hook: (/** @type {HTMLElement} */ element) => endless(element, entries) },
      entries.offline && !entries.items.length ? empty({ drawn: "offline", title: "You are offline", text: "What happened is kept by the server. It is shown as soon as you are online." })
        : entries.state === "failed" && !entries.offline ? empty({ drawn: "activity", title: "That did not work", text: entries.error?.message ?? "", action: h("button", { type: "button", class: "button", onclick: () => entries.again() }, "Try again") })
          : entries.state === "ready" && !entries.items.length && !entries.more ? empty({ drawn: "activity", title: "Nothing happened", text: actor || task || days ? "Not by that person, to that task or in that time." : "As soon as somebody does something, it stands here." })
            : byDay.map(([day, found]) => h("section", { key: day, class: "activity-day", "aria-label": sayFullDay(day) },
              h("h2", null, sayDay(day), h("span", { class: "hint" }, sayFullDay(day))),
              h("ol", null, found.map((one) => step(app, one))))),
      entries.items.length && (entries.more || entries.growing) ? h("p", { class: "hint pad", key: "more" }, "More is on its way…") : null),
  ];
}

/** Entries that one command made stand together. @param {readonly Entry[]} entries newest first @returns {Step[]} */
function steps(entries) {
  /** @type {Step[]} */
  const found = [];
  for (const entry of entries) {
    const last = found.at(-1);
    if (last && last.id === entry.command && last.actor === entry.actor) last.entries.unshift(entry);
    else found.push({ id: entry.command, actor: entry.actor, at: entry.at, entries: [entry] });
  }
  return found;
}

/** @param {readonly Step[]} all @returns {[string, Step[]][]} */
function byDays(all) {
  return [...Map.groupBy(all, (one) => wallTime(one.at).slice(0, 10))];
}

/** @param {App} app @param {Step} one */
function step(app, { id, actor, at, entries }) {
  const first = entries[0];
  const [undone] = entries.filter((one) => one.undoes);
  const many = entries.length > FEW && !opened.has(id);
  const shown = many ? entries.slice(0, FEW - 1) : entries;
  const words = asText(sentence(first, app.store));
  return h("li", { class: "deed", key: `${first.position}` },
    h("span", { class: `deed-mark${undone ? " undo" : ""}` }, icon(drawingOf(first))),
    actorMark(actor),
    h("div", { class: "deed-body" },
      h("p", null, h("span", { class: "deed-who" }, who(actor, app.store.user)), " ", undone ? h("span", { class: "chip" }, icon("undo"), "Undo") : null, undone ? " " : null, said(app, first)),
      shown.slice(1).map((one) => h("p", { key: one.position, class: "deed-more" }, said(app, one))),
      many ? h("button", { type: "button", class: "button quiet", key: "all", onclick: () => { opened.add(id); app.tell(); } }, `and ${entries.length - FEW + 1} more`) : null),
    h("time", { class: "hint", dateTime: at, title: sayInstant(at) }, wallTime(at).slice(11, 16)),
    undoable(first) && app.may("commenter") ? h("button", { type: "button", class: "button quiet deed-undo", "aria-label": `Undo: ${who(actor, app.store.user)} ${words}`, onclick: () => void undo(app, id, actor, words) }, "Undo") : h("span", { class: "deed-undo" }));
}

/** Undoes a step; what stands in the way is said. @param {App} app @param {string} command @param {string} actor @param {string} words */
async function undo(app, command, actor, words) {
  const outcome = await app.send({ type: "Undo", command, actor });
  if (outcome?.status === "accepted") app.notices.say(outcome.events.length ? `Undone: ${words}` : "That was undone already");
}

/** @param {App} app @param {{actor: string, task: string, days: string}} now */
function filters(app, { actor, task, days }) {
  const people = [...app.store.members.map((one) => one.user), CLOCK, ...(actor && actor !== CLOCK && !app.store.entities.members.has(actor) ? [actor] : [])];
  const choose = (/** @type {string} */ name) => (/** @type {Event} */ event) => app.go(app.with({ [name]: /** @type {HTMLSelectElement} */ (event.target).value }), true);
  return [
    h("label", { key: "by" }, h("span", { class: "unseen" }, "Who"), h("select", { class: "field", value: actor, onchange: choose("by") },
      h("option", { value: "", selected: !actor }, "Everybody"), people.map((one) => h("option", { key: one, value: one, selected: one === actor }, who(one))))),
    h("label", { key: "days" }, h("span", { class: "unseen" }, "When"), h("select", { class: "field", value: days, onchange: choose("days") },
      SINCE.map(([value, name]) => h("option", { key: value, value, selected: value === days }, name)))),
    task
      ? h("span", { class: "builder-chip set", key: "of" }, h("span", { class: "builder-button" }, icon("list"), app.store.task(task)?.title ?? "A task"),
        h("button", { type: "button", class: "builder-clear", "aria-label": "Of all tasks", onclick: () => app.go(app.with({ of: null }), true) }, icon("close")))
      : h("button", { type: "button", class: "button", key: "of", "aria-haspopup": "dialog", onclick: () => app.openDialog("activity-task") }, icon("list"), "Of one task"),
  ];
}

/** More is asked for as the end comes into view. @param {HTMLElement} element @param {import("../model/listing.js").Listing} entries */
function endless(element, entries) {
  const near = () => {
    if (entries.more && element.scrollTop + element.clientHeight * 2 > element.scrollHeight) void entries.grow();
  };
  element.addEventListener("scroll", near, { passive: true });
  new MutationObserver(near).observe(element, { childList: true, subtree: true });
}

/** Has the server go through the whole record. @param {App} app */
async function verify(app) {
  const { workspace } = app.route;
  checked = { workspace, state: "asking" };
  app.tell();
  try {
    checked = { workspace, state: "known", ...(await get(`/workspaces/${workspace}/audit/verify`)) };
  } catch (error) {
    checked = { workspace, state: "failed", detail: error instanceof Refused ? error.message : "The server cannot be reached; try again when you are online." };
  }
  app.tell();
}

/** @param {App} app */
function verdict(app) {
  if (checked?.workspace !== app.route.workspace) return null;
  const { state, ok, events, position, detail } = checked;
  const words = state === "asking" ? "Going through the whole record…"
    : state === "failed" ? detail
      : ok ? `The record is whole: ${events?.toLocaleString()} steps, each sealed to the one before it. Nothing was changed, removed or slipped in.`
        : `The record is broken at step ${position?.toLocaleString()}: ${detail} Tell whoever runs this server; the ${events?.toLocaleString()} steps before it are sound.`;
  return h("div", { class: `verdict ${state === "known" ? (ok ? "good" : "bad") : ""}`, key: "verdict", role: "status" },
    icon(state === "known" && ok ? "check" : state === "asking" ? "clock" : "flag"), h("span", { class: "grow" }, words),
    h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss the result", onclick: () => { checked = null; app.tell(); } }, icon("close")));
}
