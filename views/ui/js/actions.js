/**
 * Everything that can be done with a key or from the palette, in one table. The help sheet is made from it.
 *
 * `task` actions are about the task at the cursor, or the selected ones; they are offered where there is one.
 */

import { addDays, today } from "./lib/time.js";
import { pressed, typing } from "./lib/keys.js";
import { switchTheme } from "./model/appearance.js";
import { editAll, toggleDone, trashAll } from "./model/together.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./model/types.js").Task} Task */
/**
 * @typedef {{
 *   id: string, name: string, group: "Go to" | "Tasks" | "List" | "Page", keys: string[], icon?: string,
 *   run: (app: App, tasks: Task[]) => void, task?: boolean, hidden?: boolean, needs?: import("./model/types.js").Role,
 * }} Action
 */

/** @param {string} id @param {string} name @param {string} key @param {string} page @param {string} icon @returns {Action} */
function going(id, name, key, page, icon) {
  return { id, name: `Go to ${name}`, group: "Go to", keys: [`g ${key}`], icon, run: (app) => app.go(app.to(page)) };
}

/** @type {Action[]} */
export const ACTIONS = [
  { id: "palette", name: "Find anything, do anything", group: "Page", keys: ["Mod+k"], icon: "search", run: (app) => app.openDialog("palette") },
  { id: "add", name: "Add a task", group: "Page", keys: ["q", "n"], icon: "plus", run: (app) => app.openDialog("add"), needs: "editor" },
  { id: "search", name: "Search", group: "Page", keys: ["/"], icon: "search", run: (app) => app.go(app.to("search")) },
  { id: "undo", name: "Undo the last thing you did", group: "Page", keys: ["Mod+z"], icon: "undo", run: (app) => void app.undo() },
  { id: "help", name: "Keyboard help", group: "Page", keys: ["?"], icon: "help", run: (app) => app.openDialog("help") },
  { id: "escape", name: "Close what is open", group: "Page", keys: ["Escape"], hidden: true, run: escape },
  { id: "theme", name: "Switch between light and dark", group: "Page", keys: [], icon: "sun", run: (app) => { switchTheme(); app.tell(); } },

  going("inbox", "Inbox", "i", "inbox", "inbox"),
  going("today", "Today", "t", "today", "today"),
  going("upcoming", "Upcoming", "u", "upcoming", "upcoming"),
  going("calendar", "Calendar", "c", "calendar", "calendar"),
  going("reminders", "Reminders", "r", "reminders", "bell"),
  going("series", "Repeating tasks", "e", "series", "repeat"),
  going("activity", "Activity", "a", "activity", "activity"),
  going("trash", "Trash", "x", "trash", "trash"),
  going("members", "Members", "m", "members", "members"),
  going("settings", "Settings", "s", "settings", "settings"),
  going("exchange", "Import and export", "o", "exchange", "upload"),

  { id: "next", name: "Next task", group: "List", keys: ["j", "ArrowDown"], run: (app) => app.list?.step(1) },
  { id: "previous", name: "Previous task", group: "List", keys: ["k", "ArrowUp"], run: (app) => app.list?.step(-1) },
  { id: "select", name: "Select or unselect", group: "List", keys: ["x"], task: true, run: select },
  { id: "all", name: "Select all", group: "List", keys: ["Mod+a"], run: (app) => app.list?.all() },

  { id: "earlier", name: "Calendar: earlier", group: "List", keys: ["["], run: (app) => app.list?.turn?.(-1) },
  { id: "later", name: "Calendar: later", group: "List", keys: ["]"], run: (app) => app.list?.turn?.(1) },
  { id: "now", name: "Calendar: today", group: "List", keys: ["."], run: (app) => app.list?.turn?.(0) },
  { id: "look", name: "Calendar: month or week", group: "List", keys: ["v"], run: (app) => app.list?.look?.() },

  { id: "open", name: "Open", group: "Tasks", keys: ["Enter"], task: true, run: (app, [task]) => app.openTask(task.id, { enter: true }) },
  { id: "done", name: "Complete or reopen", group: "Tasks", keys: ["Space", "e"], icon: "check", task: true, needs: "editor", run: toggleDone },
  { id: "due", name: "Set the due date", group: "Tasks", keys: ["d"], icon: "today", task: true, needs: "editor", run: (app, tasks) => app.openDialog("due", tasks) },
  { id: "due-today", name: "Due today", group: "Tasks", keys: ["t"], task: true, needs: "editor", run: (app, tasks) => editAll(app, tasks, { due: { date: today() } }, "due today") },
  { id: "due-tomorrow", name: "Due tomorrow", group: "Tasks", keys: ["w"], task: true, needs: "editor", run: (app, tasks) => editAll(app, tasks, { due: { date: addDays(today(), 1) } }, "due tomorrow") },
  { id: "repeat", name: "Repeat", group: "Tasks", keys: ["r"], icon: "repeat", task: true, needs: "editor", run: (app, [task]) => app.openDialog("series", { task }) },
  ...["urgent", "high", "medium", "low", "none"].map((priority, index) => /** @type {Action} */ ({
    id: `priority-${priority}`, name: priority === "none" ? "No priority" : `Priority ${priority}`, group: "Tasks", keys: [index === 4 ? "0" : String(index + 1)], icon: "flag",
    task: true, needs: "editor", run: (app, tasks) => editAll(app, tasks, { priority }, priority === "none" ? "no priority" : `priority ${priority}`),
  })),
  { id: "move", name: "Move to a project", group: "Tasks", keys: ["m"], icon: "move", task: true, needs: "editor", run: (app, tasks) => app.openDialog("move", tasks) },
  { id: "assign", name: "Assign", group: "Tasks", keys: ["a"], icon: "user", task: true, needs: "editor", run: (app, tasks) => app.openDialog("assign", tasks) },
  { id: "label", name: "Label", group: "Tasks", keys: ["l"], icon: "tag", task: true, needs: "editor", run: (app, tasks) => app.openDialog("label", tasks) },
  { id: "history", name: "History", group: "Tasks", keys: ["h"], icon: "history", task: true, run: (app, [task]) => app.openDialog("history", { task: task.id }) },
  { id: "remind", name: "Remind me", group: "Tasks", keys: ["b"], icon: "bell", task: true, run: (app, [task]) => app.openDialog("remind", { task: task.id }) },
  { id: "up", name: "Move up", group: "Tasks", keys: ["Alt+ArrowUp"], task: true, needs: "editor", run: (app) => app.list?.shift(-1) },
  { id: "down", name: "Move down", group: "Tasks", keys: ["Alt+ArrowDown"], task: true, needs: "editor", run: (app) => app.list?.shift(1) },
  { id: "trash-task", name: "Move to the trash", group: "Tasks", keys: ["#", "Delete"], icon: "trash", task: true, needs: "editor", run: trashAll },
];

/** @param {App} app */
function select(app) {
  if (!app.cursor) return;
  if (app.selected.has(app.cursor)) app.selected.delete(app.cursor);
  else app.selected.add(app.cursor);
  app.tell();
}

/** @param {App} app */
function escape(app) {
  if (app.dialog) app.closeDialog();
  else if (app.route.query.get("task")) app.openTask(null);
  else if (app.selected.size) {
    app.selected.clear();
    app.tell();
  }
}

/** The tasks that an action is about: the one that is open and has the focus; else the selected ones, the one at the cursor, the one that is open. @param {App} app */
export function meant(app) {
  const open = app.store.task(app.route.query.get("task"));
  if (open && document.activeElement?.closest(".detail")) return [open];
  const ids = app.selected.size ? [...app.selected] : [app.cursor ?? app.route.query.get("task")];
  return /** @type {Task[]} */ (ids.map((id) => app.store.task(id)).filter(Boolean));
}

/** Does what an action says, if it can be done now. @param {App} app @param {Action} action */
export function perform(app, action) {
  const tasks = action.task ? meant(app) : [];
  if (action.task && !tasks.length) return false;
  if (action.needs && !app.may(action.needs)) {
    app.notices.say(`As a ${app.store.entities.members.get(app.store.user)?.role ?? "viewer"} you can look at this workspace, not change its tasks.`);
    return true;
  }
  action.run(app, tasks);
  return true;
}

/** Milliseconds within which the second key of two must come. */
const SECOND = 1_200;

/** Listens to keys. @param {App} app */
export function listen(app) {
  let first = "";
  let at = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const key = pressed(event);
    const inField = typing(event.target);
    const alone = !key.startsWith("Mod+") && key !== "Escape";
    if (inField && (alone || key === "Mod+z" || key === "Mod+a")) return;
    if (app.dialog && key !== "Escape" && alone) return;
    if (app.phase !== "open") return;
    const two = Date.now() - at < SECOND && first ? `${first} ${key}` : "";
    const action = ACTIONS.find((one) => two && one.keys.includes(two)) ?? ACTIONS.find((one) => one.keys.includes(key));
    first = !two && key.length === 1 ? key : "";
    at = Date.now();
    const button = /** @type {HTMLElement} */ (event.target).closest?.("button, a, summary, [role=option], [role=menuitem]");
    if (!action || (button && (key === "Enter" || key === "Space"))) return;
    if (first === "g" && ACTIONS.some((one) => one.keys.some((keys) => keys.startsWith("g ")))) {
      event.preventDefault();
      return;
    }
    if (perform(app, action)) event.preventDefault();
  });
}
