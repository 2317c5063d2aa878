/**
 * What happened, in words: an entry of the audit (or of a task's history) as a sentence without its subject, such as
 * “renamed “Milk” to “Oat milk””. The sentence is in pieces, so that a page can link tasks and set values apart.
 *
 *     const pieces = sentence(entry, app.store);
 *
 * Why so long: it has one sentence for each kind of event, and they are read side by side.
 */

import { sayDay, sayInstant, sayWhen } from "../lib/time.js";
import { sayMinutes, sayTrigger } from "./saying.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {{text: string, is: "task" | "person" | "project" | "value" | "was", id?: string}} Named */
/** @typedef {string | Named} Piece */
/** @typedef {{field: string, before: any, after: any}} Change */

/** Joins texts and pieces. @param {TemplateStringsArray} texts @param {...(Piece | readonly Piece[])} pieces @returns {Piece[]} */
function say(texts, ...pieces) {
  return texts.flatMap((text, index) => [text, ...(index < pieces.length ? [pieces[index]].flat() : [])]).filter((one) => one !== "");
}

/** @param {string} text @returns {Named} */
const value = (text) => ({ text, is: "value" });

/** What was before, where that is worth saying. @param {string} text @returns {Piece[]} */
const was = (text) => (text ? [" ", { text: `was ${text}`, is: "was" }] : []);

/** @param {string} user @returns {Named} */
const person = (user) => ({ text: user, is: "person", id: user });

/** @param {string} text @param {number} [most] */
function short(text, most = 80) {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** @param {string} text */
const quoted = (text) => value(`“${short(text)}”`);

/** A list as it is read: a, b and c. @param {readonly Piece[]} pieces @returns {Piece[]} */
function listed(pieces) {
  return pieces.flatMap((one, index) => (index === 0 ? [one] : [index === pieces.length - 1 ? " and " : ", ", one]));
}

/** What fields are called within a sentence. @type {Record<string, string>} */
const NOUNS = {
  title: "title", description: "description", priority: "priority", start: "start", due: "due date", estimate_minutes: "estimate", name: "name",
  colour: "colour", order: "order", time_zone: "time zone", reminder_hour: "hour of reminders", zone: "time zone", quiet_hours: "quiet hours",
  channels: "channels", default_reminders: "reminders of new tasks", filter: "condition", q: "words", sort: "order", shared: "sharing", rule: "rule",
  anchor: "first time", missed: "what happens with missed ones", stop_after: "number of times", ahead: "how long ahead", status: "status",
  labels: "labels", assignees: "assignees", project: "project", section: "section", parent: "parent", rdate: "extra dates", exdate: "left-out dates",
  catch_up: "longest delay of reminders", ends_before: "end", following: "continuation",
};

/** @param {string} field */
function nounOf(field) {
  return NOUNS[field] ?? field.replaceAll("_", " ");
}

/** A value of a field, within a sentence; blank where there is none. @param {string} field @param {any} given @returns {string} */
function spoken(field, given) {
  if (given === null || given === undefined || given === "" || (Array.isArray(given) && !given.length)) return "";
  if (field === "estimate_minutes") return sayMinutes(given);
  if (field === "priority" && given === "none") return "";
  if (field === "reminder_hour") return `${String(given).padStart(2, "0")}:00`;
  if (field === "quiet_hours") return `${given.from} to ${given.to}`;
  if (field === "shared") return given ? "shared with all members" : "only for oneself";
  if (field === "default_reminders") return given.map(sayTrigger).join(", ");
  if (Array.isArray(given)) return given.join(", ");
  if (typeof given === "object" && ("date" in given || "local" in given)) return sayWhen(given);
  if (typeof given === "object") return short(JSON.stringify(given));
  return short(String(given));
}

/** @param {Entry} entry @param {Store} store @returns {Piece} */
function taskOf(entry, store) {
  if (!entry.task) return "a task";
  return named(entry.task, store, at(entry, "title")?.after);
}

/** A task by its title. @param {string} id @param {Store} store @param {string} [title] @returns {Named} */
function named(id, store, title) {
  return { text: `“${short(store.task(id)?.title ?? title ?? "a task")}”`, is: "task", id };
}

/** A project by its name. @param {string | null | undefined} id @param {Store} store @param {string} [name] @returns {Piece} */
function projectOf(id, store, name) {
  const found = id ? (store.project(id)?.name ?? name) : undefined;
  return found && id ? { text: found, is: "project", id } : id ? "a project" : value("the Inbox");
}

/** The change of a field. @param {Entry} entry @param {string} field @returns {Change | undefined} */
function at(entry, field) {
  return entry.changes.find((one) => one.field === field);
}

/** What stands behind the first slash of a field: an id, a label, a person. @param {string | undefined} field */
function inside(field = "") {
  return field.slice(field.indexOf("/") + 1);
}

/** What was changed of a thing, field by field; after the first time it is called “it”. @param {readonly Change[]} changes @param {Piece} thing @returns {Piece[]} */
function edited(changes, thing) {
  const parts = changes.map(({ field, before, after }, index) => {
    const name = field.slice(field.lastIndexOf("/") + 1);
    const [old, fresh] = [spoken(name, before), spoken(name, after)];
    const it = index ? "it" : thing;
    const of = (/** @type {string} */ what) => (index ? say`its ${what}` : say`the ${what} of ${thing}`);
    if (name === "description") return fresh ? (old ? say`rewrote ${of("description")}` : say`described ${it}`) : say`removed ${of("description")}`;
    if ((name === "title" || name === "name") && !index && old && typeof thing === "object" && thing.id) return say`renamed ${{ ...thing, text: thing.is === "task" ? `“${old}”` : old }} to ${quoted(fresh)}`;
    if (name === "title" || name === "name") return say`renamed ${it} to ${quoted(fresh)}${was(old ? `“${old}”` : "")}`;
    if (name === "colour") return say`changed ${of("colour")}`;
    if (name === "order") return say`put ${it} in another place`;
    if (name === "shared") return after ? say`shared ${it} with all members` : say`stopped sharing ${it}`;
    if (!fresh) return say`removed ${of(nounOf(name))}${was(old)}`;
    return say`set ${of(nounOf(name))} to ${value(fresh)}${was(old)}`;
  });
  return parts.length ? parts.flatMap((one, index) => (index ? [index === parts.length - 1 ? " and " : ", ", ...one] : one)) : say`changed ${thing}`;
}

/** @param {readonly Change[]} changes @param {boolean} on @returns {string[]} */
function set(changes, on) {
  return changes.filter((one) => Boolean(one.after) === on).map((one) => inside(one.field));
}

/** Where a task stands. @param {Entry} entry @param {Store} store @returns {Piece[]} */
function moved(entry, store) {
  const [project, section, parent] = ["project", "section", "parent"].map((field) => at(entry, field));
  const thing = taskOf(entry, store);
  if (parent?.after) return say`made ${thing} a subtask of ${named(parent.after, store)}`;
  const where = project ? project.after : (store.task(entry.task)?.project ?? null);
  const sectionName = section?.after ? store.project(where)?.sections.find((one) => one.id === section.after)?.name : undefined;
  if (project || section || parent) {
    const to = sectionName ? say`${projectOf(where, store)} / ${value(sectionName)}` : section && !section.after && !project ? say`${projectOf(where, store)}, without a section` : [projectOf(where, store)];
    return say`moved ${thing} to ${to}${was(project?.before ? (store.project(project.before)?.name ?? "") : project ? "in the Inbox" : "")}`;
  }
  return say`put ${thing} in another place of its list`;
}

/** @type {Record<string, string>} */
const LINKS = { blocks: "blocks", "blocked-by": "is blocked by", relates: "is related to", duplicates: "is a duplicate of", "duplicated-by": "has a duplicate in" };

/** @param {Entry} entry @param {Store} store @returns {Piece[]} */
function linked(entry, store) {
  const [, kind, other] = (entry.changes[0]?.field ?? "").split("/");
  const says = say`${taskOf(entry, store)} ${LINKS[kind] ?? "is linked to"} ${named(other ?? "", store)}`;
  return entry.type === "LinkAdded" ? say`noted that ${says}` : say`took back that ${says}`;
}

/** @param {Entry} entry @param {Store} store @returns {Piece[]} */
function checklist(entry, store) {
  const { before, after } = entry.changes[0] ?? {};
  const [item, of] = [quoted((after ?? before)?.title ?? ""), say` on the checklist of ${taskOf(entry, store)}`];
  if (!before) return say`added ${item}${of}`;
  if (!after) return say`removed ${item}${of}`;
  if (before.done !== after.done) return after.done ? say`ticked ${item}${of}` : say`unticked ${item}${of}`;
  return say`renamed ${quoted(before.title)} to ${item}${of}`;
}

/** The task or rule of a series. @param {Entry} entry @param {Store} store @returns {Piece} */
function seriesOf(entry, store) {
  const id = (entry.changes[0]?.field ?? "").split("/")[1];
  const title = store.series(id)?.template?.title ?? entry.changes[0]?.after?.template?.title;
  return title ? quoted(title) : "a repeating task";
}

/** @param {Entry} entry @param {Store} store @returns {Piece[]} */
function reminding(entry, store) {
  const [change, thing] = [entry.changes[0], taskOf(entry, store)];
  const whole = change?.after ?? change?.before;
  const whom = whole?.user && whole.user !== entry.actor ? say` for ${person(whole.user)}` : [];
  switch (entry.type) {
    case "ReminderAdded": return say`set a reminder of ${thing}: ${value(sayTrigger(whole?.trigger))}${whom}`;
    case "ReminderRemoved": return say`removed a reminder of ${thing}: ${value(sayTrigger(whole?.trigger))}`;
    case "ReminderRestored": return say`put a reminder of ${thing} back`;
    case "ReminderRescheduled": {
      const when = entry.changes.find((one) => one.field.endsWith("/scheduled_for"))?.after;
      return when ? say`moved a reminder of ${thing} to ${value(sayInstant(when))}` : say`put a reminder of ${thing} on hold`;
    }
    case "ReminderFired": return say`reminded of ${thing}`;
    case "ReminderExpired": return say`let a reminder of ${thing} pass, its time was over`;
    case "ReminderCancelled": return say`called off a reminder of ${thing}`;
    case "ReminderAcknowledged": return say`acknowledged a reminder of ${thing}`;
    case "ReminderSnoozed": return say`snoozed a reminder of ${thing}`;
    case "ReminderReturned": return say`brought a reminder of ${thing} back`;
    case "ReminderDelivered": return say`delivered a reminder of ${thing} by ${value(inside(change?.field).split("/").at(-1) ?? "")}`;
    default: return say`could not deliver a reminder of ${thing} by ${value(inside(change?.field).split("/").at(-1) ?? "")}: ${value(short(String(change?.after ?? "").replace(/^\w+: /, "")))}`;
  }
}

/** @param {Entry} entry @param {Store} store @returns {Piece[]} */
function occurring(entry, store) {
  const thing = seriesOf(entry, store);
  const passed = entry.changes.filter((one) => one.field.includes("/occurrences/"));
  if (passed.length) {
    const day = (/** @type {Change} */ one) => value(sayDay((one.field.split("/").at(-1) ?? "").slice(0, 10)));
    const word = typeof passed[0].after === "string" ? passed[0].after : "changed";
    if (entry.type === "SeriesAdvanced") return say`noted ${listed(passed.slice(0, 5).map(day))} of ${thing} as ${word}`;
    return passed[0].after ? say`changed ${day(passed[0])} of ${thing}` : say`put ${day(passed[0])} of ${thing} back as it was`;
  }
  const next = at(entry, entry.changes[0]?.field ?? "")?.after;
  return next ? say`went on to the next of ${thing}: ${value(sayDay(String(next).slice(0, 10)))}` : say`came to the end of ${thing}`;
}

/** A user's own settings. @param {Entry} entry @returns {Piece[]} */
function settings(entry) {
  const change = entry.changes[0];
  const [, , name] = (change?.field ?? "").split("/");
  switch (entry.type) {
    case "PreferencesSet": return edited(entry.changes, "the own preferences");
    case "ChannelSet": return change?.before ? say`changed the channel ${value(name ?? "")} to ${value(String(change.after))}` : say`added the channel ${value(name ?? "")}: ${value(String(change?.after ?? ""))}`;
    case "ChannelRemoved": return say`removed the channel ${value(name ?? "")}`;
    case "ChannelConfirmed": return say`confirmed the channel ${value(name ?? "")}`;
    case "ChannelEnabled": return say`switched the channel ${value(name ?? "")} on`;
    default: return say`switched the channel ${value(name ?? "")} off: ${value(short(String(change?.after ?? "")))}`;
  }
}

/** @param {Entry} entry @param {Store} store @returns {Piece[]} */
function filtering(entry, store) {
  const change = entry.changes[0];
  const id = (change?.field ?? "").split("/")[1];
  const name = (change?.after ?? change?.before)?.name ?? store.filters.find((one) => one.id === id)?.name;
  const thing = name ? value(`the filter “${short(name)}”`) : "a filter";
  if (entry.type === "FilterAdded") return say`saved ${thing}`;
  if (entry.type === "FilterRemoved") return say`removed ${thing}`;
  return edited(entry.changes, thing);
}

/** @param {Entry} entry @param {Store} store @returns {Piece} */
function projectThing(entry, store) {
  const id = entry.project ?? at(entry, "project")?.after;
  return id ? projectOf(id, store, at(entry, "name")?.after) : "a project";
}

/** @type {Record<string, (entry: Entry, store: Store) => Piece[]>} */
const SENTENCES = {
  WorkspaceCreated: (entry) => say`made the workspace ${quoted(at(entry, "name")?.after ?? "")}`,
  WorkspaceEdited: (entry) => edited(entry.changes, "the workspace"),
  ZonesChanged: () => say`worked out again what is to come, by newer time zones`,
  MemberAdded: (entry) => say`added ${person(inside(entry.changes[0]?.field))} as ${value(entry.changes[0]?.after)}`,
  MemberRoleChanged: (entry) => say`made ${person(inside(entry.changes[0]?.field))} ${value(entry.changes[0]?.after)}${was(entry.changes[0]?.before)}`,
  MemberRemoved: (entry) => (inside(entry.changes[0]?.field) === entry.actor ? say`left the workspace` : say`removed ${person(inside(entry.changes[0]?.field))} from the workspace`),
  CalendarTokenRenewed: () => say`made another address of the own calendar`,
  ProjectCreated: (entry, store) => say`made the project ${projectThing(entry, store)}`,
  ProjectEdited: (entry, store) => edited(entry.changes, projectThing(entry, store)),
  ProjectTrashed: (entry, store) => say`moved the project ${projectThing(entry, store)} to the trash`,
  ProjectRestored: (entry, store) => say`restored the project ${projectThing(entry, store)}`,
  SectionAdded: (entry, store) => say`added the section ${quoted(entry.changes[0]?.after?.name ?? "")} to ${projectThing(entry, store)}`,
  SectionEdited: (entry, store) => {
    const { before, after } = entry.changes[0] ?? {};
    if (before?.name === after?.name) return say`put the section ${quoted(after?.name ?? "")} of ${projectThing(entry, store)} in another place`;
    return say`renamed the section ${quoted(before?.name ?? "")} of ${projectThing(entry, store)} to ${quoted(after?.name ?? "")}`;
  },
  SectionRemoved: (entry, store) => say`removed the section ${quoted(entry.changes[0]?.before?.name ?? "")} from ${projectThing(entry, store)}`,
  TaskCreated: (entry, store) => say`added ${taskOf(entry, store)}${at(entry, "project")?.after ? say` to ${projectOf(at(entry, "project")?.after, store)}` : []}`,
  TaskEdited: (entry, store) => edited(entry.changes, taskOf(entry, store)),
  TaskMoved: moved,
  TaskStarted: (entry, store) => say`started ${taskOf(entry, store)}`,
  TaskCompleted: (entry, store) => say`completed ${taskOf(entry, store)}`,
  TaskCancelled: (entry, store) => say`cancelled ${taskOf(entry, store)}`,
  TaskReopened: (entry, store) => say`reopened ${taskOf(entry, store)}`,
  TaskSkipped: (entry, store) => say`skipped ${taskOf(entry, store)}`,
  TaskMissed: (entry, store) => say`noted ${taskOf(entry, store)} as missed`,
  TaskPostponed: (entry, store) => {
    const due = at(entry, "due") ?? at(entry, "start");
    return say`put ${taskOf(entry, store)} off to ${value(spoken("due", due?.after))}${was(spoken("due", due?.before))}`;
  },
  TaskSeriesChanged: (entry, store) => (entry.changes[0]?.after ? say`made ${taskOf(entry, store)} one of a repeating task` : say`took ${taskOf(entry, store)} out of its repeating task`),
  TaskTrashed: (entry, store) => say`moved ${taskOf(entry, store)} to the trash`,
  TaskRestored: (entry, store) => say`restored ${taskOf(entry, store)} from the trash`,
  TaskLabelled: (entry, store) => {
    const [added, removed] = [set(entry.changes, true), set(entry.changes, false)];
    const [on, off] = [listed(added.map(value)), listed(removed.map(value))];
    if (added.length && removed.length) return say`labelled ${taskOf(entry, store)} ${on} instead of ${off}`;
    return added.length ? say`labelled ${taskOf(entry, store)} ${on}` : say`removed the label${removed.length > 1 ? "s" : ""} ${off} from ${taskOf(entry, store)}`;
  },
  TaskAssigned: (entry, store) => {
    const [added, removed] = [set(entry.changes, true), set(entry.changes, false)];
    const [on, off] = [listed(added.map(person)), listed(removed.map(person))];
    if (added.length && removed.length) return say`gave ${taskOf(entry, store)} from ${off} to ${on}`;
    return added.length ? say`gave ${taskOf(entry, store)} to ${on}` : say`took ${taskOf(entry, store)} from ${off}`;
  },
  LinkAdded: linked,
  LinkRemoved: linked,
  ChecklistItemAdded: checklist,
  ChecklistItemEdited: checklist,
  ChecklistItemRemoved: checklist,
  CommentAdded: (entry, store) => say`commented on ${taskOf(entry, store)}: ${quoted(String(entry.changes[0]?.after ?? ""))}`,
  CommentEdited: (entry, store) => say`changed a comment on ${taskOf(entry, store)}: ${quoted(String(entry.changes[0]?.after ?? ""))}`,
  CommentRemoved: (entry, store) => say`removed a comment on ${taskOf(entry, store)}: ${quoted(String(entry.changes[0]?.before ?? ""))}`,
  SeriesCreated: (entry, store) => say`made ${seriesOf(entry, store)} a repeating task`,
  SeriesEdited: (entry, store) => edited(entry.changes, seriesOf(entry, store)),
  SeriesPaused: (entry, store) => say`paused ${seriesOf(entry, store)}`,
  SeriesResumed: (entry, store) => say`resumed ${seriesOf(entry, store)}`,
  SeriesEnded: (entry, store) => say`ended ${seriesOf(entry, store)}`,
  SeriesAdvanced: occurring,
  OccurrenceChanged: occurring,
};

/**
 * The sentence of an entry, without who did it; what is of a newer release is told by its type.
 * @param {Entry} entry @param {Store} store @returns {Piece[]}
 */
export function sentence(entry, store) {
  const { type } = entry;
  const make = SENTENCES[type]
    ?? (/^Reminder|^Delivery/.test(type) ? reminding : /^Preferences|^Channel/.test(type) ? settings : type.startsWith("Filter") ? filtering : null);
  return merged(make ? make(entry, store) : say`${type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()} ${entry.task ? taskOf(entry, store) : ""}`);
}

/** Texts that follow each other as one. @param {readonly Piece[]} pieces @returns {Piece[]} */
function merged(pieces) {
  /** @type {Piece[]} */
  const found = [];
  for (const one of pieces.flat()) {
    const last = found.at(-1);
    if (typeof one === "string" && typeof last === "string") found[found.length - 1] = last + one;
    else found.push(one);
  }
  return found;
}

/** Pieces as one text, for notices and for screen readers. @param {readonly Piece[]} pieces */
export function asText(pieces) {
  return pieces.map((one) => (typeof one === "string" ? one : one.is === "was" ? `(${one.text})` : one.text)).join("");
}
