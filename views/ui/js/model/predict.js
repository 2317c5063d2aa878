/**
 * What a command will most likely do, so that it is seen at once. The server decides; what it says takes this one's place.
 *
 * A draft gives copies to write to. An effect that is in the rows already changes nothing: rows may come before the
 * outcome does. Commands that are not here show when they are decided.
 */

import { between, byOrder } from "./order.js";
import { isOpen } from "./status.js";

/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./types.js").Task} Task */

/**
 * @typedef {{
 *   task: (id: string) => Task | undefined,
 *   project: (id: string) => import("./types.js").Project | undefined,
 *   reminder: (id: string) => import("./types.js").Reminder | undefined,
 *   comment: (id: string) => import("./types.js").Comment | undefined,
 *   series: (id: string) => import("./types.js").Series | undefined,
 *   filter: (id: string) => import("./types.js").Filter | undefined,
 *   put: (kind: import("./entities.js").Kind, row: any) => void,
 *   remove: (kind: import("./entities.js").Kind, id: string) => void,
 *   siblings: (place: {project: string | null, section: string | null, parent: string | null}) => Task[],
 *   user: string, workspace: string, at: string,
 * }} Draft
 */

const TASK_FIELDS = [
  "title", "description", "status", "priority", "labels", "assignees", "start", "due", "estimate_minutes", "project",
  "section", "parent", "order",
];

/** What a field is on a new task that leaves it out. @type {Record<string, any>} */
const BLANK = { description: "", status: "open", priority: "none", labels: [], assignees: [] };

/** @type {Record<string, (command: Command, draft: Draft) => void>} */
const EFFECTS = {
  CreateTask(command, draft) {
    if (!command.task) return;
    const place = { project: command.project ?? null, section: command.section ?? null, parent: command.parent ?? null };
    const order = command.order ?? `zz${Date.parse(draft.at).toString(36)}`; // behind every key that the server makes
    draft.put("tasks", {
      description: "", status: "open", priority: "none", labels: [], assignees: [], start: null, due: null,
      estimate_minutes: null, checklist: [], links: [], series: null, ...pick(command), ...place, order,
      id: command.task, workspace: draft.workspace, created_by: draft.user, created_at: draft.at, updated_at: draft.at,
      completed_at: null, trashed_at: null, trashed: false, version: 0, position: 0,
    });
  },
  EditTask(command, draft) {
    const task = draft.task(command.task ?? "");
    if (!task) return;
    Object.assign(task, pick(command), { updated_at: draft.at });
    if ("project" in command && !("section" in command)) task.section = null;
  },
  MoveTask(command, draft) {
    const task = draft.task(command.task ?? "");
    if (!task) return;
    for (const field of ["project", "section", "parent"]) {
      if (field in command) /** @type {any} */ (task)[field] = command[field];
    }
    if ("project" in command && !("section" in command)) task.section = null;
    const after = command.after ? draft.task(command.after) : undefined;
    const before = command.before ? draft.task(command.before) : undefined;
    const others = draft.siblings(task).filter((one) => one.id !== task.id);
    const behind = after ? others.find((one) => byOrder(one, after) > 0) : undefined;
    const front = before ? others.filter((one) => byOrder(one, before) < 0).at(-1) : undefined;
    task.order = between(after?.order ?? front?.order ?? (before ? "" : (others.at(-1)?.order ?? "")), before?.order ?? behind?.order ?? "");
  },
  StartTask: status("in-progress"),
  CompleteTask: status("done"),
  CancelTask: status("cancelled"),
  ReopenTask: status("open"),
  SkipTask: status("skipped"),
  PostponeTask(command, draft) {
    const task = draft.task(command.task ?? "");
    if (task && command.to) task.due = command.to;
  },
  TrashTask(command, draft) {
    const task = draft.task(command.task ?? "");
    if (task) Object.assign(task, { trashed_at: draft.at, trashed: true });
  },
  RestoreTask(command, draft) {
    const task = draft.task(command.task ?? "");
    if (task) Object.assign(task, { trashed_at: null, trashed: false });
  },
  AssignTask: members("assignees"),
  LabelTask: members("labels"),
  AddChecklistItem(command, draft) {
    const task = draft.task(command.task ?? "");
    if (task && !task.checklist.some((one) => one.id === command.item)) task.checklist = [...task.checklist, { id: command.item, title: command.title, done: command.done ?? false }];
  },
  EditChecklistItem(command, draft) {
    const task = draft.task(command.task ?? "");
    if (!task) return;
    const { title, done } = command;
    const changes = { ...(title === undefined ? {} : { title }), ...(done === undefined ? {} : { done: Boolean(done) }) };
    task.checklist = task.checklist.map((one) => (one.id === command.item ? { ...one, ...changes } : one));
  },
  RemoveChecklistItem(command, draft) {
    const task = draft.task(command.task ?? "");
    if (task) task.checklist = task.checklist.filter((one) => one.id !== command.item);
  },
  LinkTask: linked(true),
  UnlinkTask: linked(false),
  AddReminder(command, draft) {
    draft.put("reminders", {
      id: command.reminder, task: command.task, user: draft.user, trigger: command.trigger, repeat: command.repeat ?? null, state: "pending",
      scheduled_for: command.trigger.at ?? null, fired_at: null, late_by_seconds: null, repeats_left: 0, snoozed_from: null, created_at: draft.at,
      channels: [], deliveries: [],
    });
  },
  AddComment(command, draft) {
    draft.put("comments", {
      id: command.comment, task: command.task, author: draft.user, body: command.body, created_at: draft.at, edited_at: null,
    });
  },
  EditComment(command, draft) {
    const comment = draft.comment(command.comment);
    if (comment) Object.assign(comment, { body: command.body, edited_at: draft.at });
  },
  RemoveComment(command, draft) {
    draft.remove("comments", command.comment);
  },
  CreateProject(command, draft) {
    draft.put("projects", {
      id: command.project, workspace: draft.workspace, name: command.name, description: command.description ?? "",
      colour: command.colour ?? "", order: command.order ?? "z", sections: [], created_at: draft.at, updated_at: draft.at,
      trashed_at: null, version: 0, position: 0,
    });
  },
  EditProject(command, draft) {
    const project = draft.project(command.project);
    if (!project) return;
    for (const field of ["name", "description", "colour", "order"]) {
      if (field in command) /** @type {any} */ (project)[field] = command[field] ?? "";
    }
  },
  TrashProject(command, draft) {
    const project = draft.project(command.project);
    if (project) project.trashed_at = draft.at;
  },
  RestoreProject(command, draft) {
    const project = draft.project(command.project);
    if (project) project.trashed_at = null;
  },
  AddSection(command, draft) {
    const project = draft.project(command.project);
    if (project && !project.sections.some((one) => one.id === command.section)) project.sections = [...project.sections, { id: command.section, name: command.name, order: "z" }];
  },
  EditSection(command, draft) {
    const project = draft.project(command.project);
    const change = command.name === undefined ? {} : { name: command.name };
    if (project) project.sections = project.sections.map((one) => (one.id === command.section ? { ...one, ...change } : one));
  },
  RemoveSection(command, draft) {
    const project = draft.project(command.project);
    if (project) project.sections = project.sections.filter((one) => one.id !== command.section);
  },
  AcknowledgeReminder(command, draft) {
    const reminder = draft.reminder(command.reminder);
    if (reminder) reminder.state = "acknowledged";
  },
  SnoozeReminder(command, draft) {
    const reminder = draft.reminder(command.reminder);
    if (reminder) reminder.state = "snoozed";
  },
  RemoveReminder(command, draft) {
    draft.remove("reminders", command.reminder);
  },
  EditSeries(command, draft) {
    const found = draft.series(command.series);
    if (found && command.scope === "this" && command.due) override(found, command.occurrence, { due: command.due });
  },
  SkipOccurrence(command, draft) {
    const found = draft.series(command.series);
    if (found) override(found, command.occurrence, { skipped: true });
  },
  CreateFilter(command, draft) {
    draft.put("filters", {
      filter: "", q: "", sort: "", colour: "", shared: false, order: "z", ...chosen(command), id: command.saved, user: draft.user,
      workspace: draft.workspace, created_at: draft.at, updated_at: draft.at, version: 0, position: 0,
    });
  },
  EditFilter(command, draft) {
    const filter = draft.filter(command.saved);
    if (filter) Object.assign(filter, chosen(command));
  },
  RemoveFilter(command, draft) {
    draft.remove("filters", command.saved);
  },
  PauseSeries: series("paused"),
  ResumeSeries: series("active"),
  EndSeries: series("ended"),
};

/** @param {Command} command */
function pick(command) {
  /** @type {Record<string, any>} */
  const found = {};
  for (const field of TASK_FIELDS) if (field in command) found[field] = command[field] ?? BLANK[field] ?? null;
  return found;
}

/** The fields of a saved filter that a command gives. @param {Command} command */
function chosen(command) {
  const names = ["name", "filter", "q", "sort", "colour", "shared", "order"].filter((name) => name in command);
  return Object.fromEntries(names.map((name) => [name, command[name] ?? (name === "shared" ? false : "")]));
}

/** @param {Task["status"]} reached @returns {(command: Command, draft: Draft) => void} */
function status(reached) {
  return (command, draft) => {
    const task = draft.task(command.task ?? "");
    if (!task || (reached === "open" && isOpen(task))) return;
    const done = reached === "done" || reached === "cancelled" || reached === "skipped";
    Object.assign(task, { status: reached, completed_at: done ? draft.at : null });
  };
}

/** How a link reads from its other end. @type {Record<string, string>} */
const OPPOSITE = { blocks: "blocked-by", "blocked-by": "blocks", relates: "relates", duplicates: "duplicated-by", "duplicated-by": "duplicates" };

/** @param {boolean} there @returns {(command: Command, draft: Draft) => void} */
function linked(there) {
  return (command, draft) => {
    const ends = [[command.task, command.link, command.other], [command.other, OPPOSITE[command.link], command.task]];
    for (const [at, type, other] of ends) {
      const task = draft.task(at ?? "");
      if (!task) continue;
      const rest = task.links.filter((one) => one.type !== type || one.task !== other);
      task.links = there ? [...rest, { type, task: other }] : rest;
    }
  };
}

/** @param {"labels" | "assignees"} field @returns {(command: Command, draft: Draft) => void} */
function members(field) {
  return (command, draft) => {
    const task = draft.task(command.task ?? "");
    if (!task) return;
    const kept = task[field].filter((one) => !(command.remove ?? []).includes(one));
    task[field] = [...kept, ...(command.add ?? []).filter((/** @type {string} */ one) => !kept.includes(one))];
  };
}

/** @param {string} reached @returns {(command: Command, draft: Draft) => void} */
function series(reached) {
  return (command, draft) => {
    const found = draft.series(command.series);
    if (found) found.state = reached;
  };
}

/** @param {import("./types.js").Series} found @param {string} original @param {Record<string, any>} changes */
function override(found, original, changes) {
  const before = (found.overrides ?? []).find((one) => one.original === original) ?? { original };
  found.overrides = [...(found.overrides ?? []).filter((one) => one.original !== original), { ...before, ...changes }];
}

/** Shows the likely effect of a command in the draft. @param {Command} command @param {Draft} draft */
export function predict(command, draft) {
  EFFECTS[command.type]?.(command, draft);
}
