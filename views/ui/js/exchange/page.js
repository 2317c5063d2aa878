/** Import and export: files in, with a look before anything is made; everything out, at any time. */

import { h } from "../lib/dom.js";
import { request } from "../net/api.js";
import { icon } from "../parts/icon.js";
import { link, pageHead } from "../parts/shell.js";
import { FIELDS, FORMATS, columnsOf, formatOf } from "./files.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./files.js").Format} Format */
/**
 * @typedef {{line: number, kind?: string, title: string, action: string, status: string, reason: string, task: string | null, series: string | null,
 *   notes: string[], problems: {command: string, code: string, detail: string}[]}} Item
 * @typedef {{format?: Format, items: Item[], created: number, updated: number, skipped: number, failed: number, dry_run: boolean, position: number}} Report
 * @typedef {{workspace: string, phase: "looking" | "planned" | "importing" | "done", name: string, raw: Blob, format: Format, columns: string[], mapping: Record<string, string>,
 *   project: string, report: Report | null, error: string, before: number}} Job
 */

/** Lines of a report that are shown at most. */
const LINES = 300;

/** What is being imported, into the workspace that was open then. @type {Job | null} */
let job = null;
let asked = new AbortController();
let over = false;
let rejected = "";

/** @param {App} app */
export function exchange(app) {
  if (job && job.workspace !== app.route.workspace) job = null;
  return [
    pageHead(app, { title: "Import and export" }),
    h("div", { class: "page-body exchange", key: "body" },
      h("section", { class: "stack", "aria-labelledby": "import-head" }, h("h2", { id: "import-head" }, "Import"),
        app.may("editor") ? (job ? importing(app, job) : dropping(app)) : h("p", { class: "hint" }, "Editors and up can import. You can export.")),
      h("section", { class: "stack", "aria-labelledby": "export-head" }, h("h2", { id: "export-head" }, "Export"),
        h("p", { class: "hint" }, "Everything is yours: take it with you whenever you like."),
        h("ul", { class: "exports" },
          EXPORTS.map(([file, name, says]) => h("li", { key: file }, h("button", { type: "button", class: "example", onclick: () => void download(app, file) }, h("strong", null, icon("download"), name), h("span", { class: "hint" }, says))))))),
  ];
}

/** @type {[string, string, string][]} */
const EXPORTS = [
  ["export.json", "Everything (JSON)", "The whole workspace, with comments, reminders and what is in the trash; it can be imported again."],
  ["export.csv", "Spreadsheet (CSV)", "All tasks, a row each, for any spreadsheet program."],
  ["calendar.ics", "Calendar (iCalendar)", "Tasks as to-dos, for calendar and task programs."],
];

/** @param {App} app @param {string} file */
async function download(app, file) {
  try {
    const blob = await request("GET", `/workspaces/${app.route.workspace}/${file}`, { accept: "blob" });
    const to = URL.createObjectURL(blob);
    const name = (app.store.workspace?.name ?? "tasksys").replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "") || "tasksys";
    const made = Object.assign(document.createElement("a"), { href: to, download: `${name}-${new Date().toISOString().slice(0, 10)}.${file.split(".")[1]}` });
    made.click();
    setTimeout(() => URL.revokeObjectURL(to), 60_000);
    app.notices.say("The file is in your downloads");
  } catch (error) {
    app.notices.say(/** @type {Error} */ (error).message, undefined, "error");
  }
}

/** @param {App} app */
function dropping(app) {
  const show = (/** @type {boolean} */ is) => (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    if (over !== is) {
      over = is;
      app.tell();
    }
  };
  return [
    h("label", {
      class: `drop${over ? " over" : ""}`, key: "drop", ondragover: show(true), ondragleave: show(false),
      ondrop: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        over = false;
        const [file] = event.dataTransfer?.files ?? [];
        if (file) void take(app, file);
        else app.tell();
      },
    },
      icon("upload"), h("strong", null, "Drop a file here, or choose one"), h("span", { class: "hint" }, "iCalendar, a spreadsheet (CSV), an export of Todoist (CSV) or of Tasksys (JSON). You see what will be made before anything is."),
      h("input", { type: "file", class: "drop-input", "aria-label": "File to import", accept: ".ics,.ical,.csv,.tsv,.txt,.json,text/calendar,text/csv,application/json", onchange: (/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        const [file] = input.files ?? [];
        if (file) void take(app, file);
        input.value = "";
      } })),
    rejected ? h("p", { class: "error-text", role: "alert", key: "rejected" }, rejected) : null,
  ];
}

/** @param {App} app @param {File} file */
async function take(app, file) {
  const text = await file.slice(0, 100_000).text();
  const format = formatOf(file.name, text);
  rejected = format ? "" : `${file.name} is no calendar, spreadsheet or export that can be read here.`;
  if (!format) return app.tell();
  const columns = format === "csv" || format === "todoist" ? columnsOf(text) : [];
  job = { workspace: app.route.workspace, phase: "looking", name: file.name, raw: file, format, columns, mapping: {}, project: "", report: null, error: "", before: 0 };
  void run(app, true);
}

/** Sends the file: to look, or to do it. @param {App} app @param {boolean} dry */
async function run(app, dry) {
  if (!job) return;
  const mine = job;
  asked.abort();
  asked = new AbortController();
  mine.phase = dry ? "looking" : "importing";
  mine.error = "";
  mine.before = app.store.entities.tasks.size;
  app.tell();
  const mapping = Object.keys(mine.mapping).length ? JSON.stringify(mine.mapping) : "";
  const query = new URLSearchParams(Object.entries({ dry_run: dry ? "true" : "", project: mine.project, format: mine.format === "ics" ? "" : mine.format, mapping }).filter(([, value]) => value));
  try {
    mine.report = await request("POST", `/workspaces/${app.route.workspace}/import?${query}`, { raw: mine.raw, headers: { "Content-Type": FORMATS[mine.format].type }, signal: asked.signal });
    mine.phase = dry ? "planned" : "done";
  } catch (error) {
    if (asked.signal.aborted) return;
    mine.phase = "planned";
    if (dry) mine.report = null;
    mine.error = /** @type {Error} */ (error).message + (dry ? "" : " Import it again: what was made already is not made twice.");
  }
  app.tell();
}

/** @param {App} app */
function leave(app) {
  asked.abort();
  job = null;
  app.tell();
}

/** @param {App} app @param {Job} job */
function importing(app, job) {
  const { phase, report } = job;
  const busy = phase === "looking" || phase === "importing";
  const todo = (report?.created ?? 0) + (report?.updated ?? 0);
  return h("div", { class: "import stack", key: "import" },
    h("div", { class: "import-file" }, icon("list"), h("div", { class: "grow" }, h("strong", { class: "ellipsis" }, job.name), h("p", { class: "hint" }, FORMATS[report?.format ?? job.format].name)),
      phase === "done" ? h("button", { type: "button", class: "button", onclick: () => leave(app) }, "Import another file") : h("button", { type: "button", class: "button", disabled: phase === "importing", onclick: () => leave(app) }, "Another file")),
    job.error ? h("p", { class: "error-text", role: "alert" }, job.error) : null,
    phase === "done" || phase === "importing" ? null : options(app, job),
    busy ? progress(app, job) : null,
    report && !busy ? summary(app, report) : null,
    phase === "planned" && report ? h("div", { class: "row" },
      h("button", { type: "button", class: "button primary large", disabled: !todo, onclick: () => void run(app, false) }, icon("upload"), todo ? `Import ${things(todo)}` : "There is nothing to import"),
      todo ? h("span", { class: "hint" }, "Nothing has been made yet.") : null) : null,
    report && !busy ? lines(app, report) : null);
}

/** @param {number} count */
function things(count) {
  return count === 1 ? "1 thing" : `${count.toLocaleString()} things`;
}

/** @param {App} app @param {Job} job */
function progress(app, job) {
  const total = job.report?.created ?? 0;
  const made = Math.max(0, app.store.entities.tasks.size - job.before);
  const words = job.phase === "looking" ? "Looking through the file…" : made && total ? `Importing… ${Math.min(made, total).toLocaleString()} of about ${total.toLocaleString()} so far` : "Importing…";
  return h("div", { class: "import-progress", role: "status" },
    h("progress", { max: total || 1, "aria-label": "Progress", hook: (/** @type {HTMLProgressElement} */ bar) => { if (job.phase === "looking") bar.removeAttribute("value"); }, ...(job.phase === "importing" && made && total ? { value: Math.min(made, total) } : {}) }), h("span", null, words));
}

/** @param {App} app @param {Job} job */
function options(app, job) {
  const set = (/** @type {string} */ field) => (/** @type {Event} */ event) => {
    const column = /** @type {HTMLSelectElement} */ (event.target).value;
    const { [field]: _, ...others } = job.mapping;
    job.mapping = column ? { ...others, [field]: column } : others;
    void run(app, true);
  };
  return [
    h("label", { class: "labelled import-into", key: "into" }, "Into", h("select", { class: "field", value: job.project, onchange: (/** @type {Event} */ event) => {
      job.project = /** @type {HTMLSelectElement} */ (event.target).value;
      void run(app, true);
    } }, h("option", { value: "", selected: !job.project }, "The projects that the file names, or the Inbox"), app.store.projects.map((one) => h("option", { key: one.id, value: one.id, selected: one.id === job.project }, one.name)))),
    job.format === "csv" && job.columns.length ? h("details", { class: "mapping", key: "mapping", open: Boolean(job.error) || job.report?.items.some((one) => one.kind === "file") || Object.keys(job.mapping).length > 0 || undefined },
      h("summary", null, "Which column is what"),
      h("p", { class: "hint" }, "Columns are known by their names. Choose them here where that goes wrong."),
      h("div", { class: "mapping-fields" }, FIELDS.map(([field, name]) => h("label", { class: "labelled", key: field }, name,
        h("select", { class: "field", value: job.mapping[field] ?? "", onchange: set(field) }, h("option", { value: "" }, "By its name"), job.columns.map((column) => h("option", { key: column, value: column, selected: job.mapping[field] === column }, column))))))) : null,
  ];
}

/** @param {App} app @param {Report} report */
function summary(app, report) {
  const { created, updated, skipped, failed, dry_run } = report;
  const noted = report.items.filter((one) => one.notes.length && one.action !== "skip").length;
  const fact = (/** @type {number} */ count, /** @type {string} */ words, /** @type {string} */ tone = "") => (count ? h("li", { key: words, class: tone }, h("strong", null, count.toLocaleString()), ` ${words}`) : null);
  return h("div", { class: `import-summary${dry_run ? "" : " done"}`, role: "status" },
    h("ul", { class: "facts" },
      fact(created, dry_run ? "will be made" : "made", "good"), fact(updated, dry_run ? "will be changed" : "changed", "good"), fact(noted, "with something that is not understood", "note"),
      fact(skipped, "left out"), fact(failed, "failed", "bad"), created + updated + skipped + failed ? null : h("li", null, "There is nothing in this file that can be imported.")),
    dry_run ? null : h("p", { class: "hint" }, "Changed your mind? Every step can be undone in ", link(app, app.to("activity"), {}, "Activity"), ". Importing the same file again makes nothing twice."));
}

/** What was said of each line, what needs a look first. @param {App} app @param {Report} report */
function lines(app, report) {
  const weight = (/** @type {Item} */ one) => (one.problems.length || one.status === "refused" || one.status === "unknown" ? 0 : one.notes.length ? 1 : one.action === "skip" ? 2 : 3);
  const all = [...report.items].sort((one, other) => weight(one) - weight(other) || one.line - other.line);
  if (!all.length) return null;
  const words = (/** @type {Item} */ one) => ({ planned: one.action === "update" ? "Will be changed" : "Will be made", done: one.action === "update" ? "Changed" : "Made", partly: "Made in part", refused: "Refused", skipped: "Left out", pending: "On its way", unknown: "Not known" })[one.status] ?? one.status;
  return h("div", { class: "import-lines", tabIndex: 0, role: "region", "aria-label": "Line by line" }, h("table", null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, report.format === "json" ? "No." : "Line"), h("th", { scope: "col" }, "What"), h("th", { scope: "col" }, "Becomes"))),
    h("tbody", null, all.slice(0, LINES).map((one, index) => h("tr", { key: `${one.line} ${index}`, class: `status-${one.status}` },
      h("td", { class: "line-number" }, String(one.line)),
      h("td", null,
        one.task && !report.dry_run && app.store.task(one.task) ? h("button", { type: "button", class: "said-link", onclick: () => app.openTask(one.task) }, one.title || "Untitled") : h("span", null, one.title || "Untitled"),
        one.kind && one.kind !== "task" ? h("span", { class: "hint" }, ` (${one.kind})`) : null,
        one.reason ? h("p", { class: "hint" }, one.reason) : null,
        one.notes.map((note, at) => h("p", { class: "import-note", key: at }, note)), one.problems.map((problem, at) => h("p", { class: "error-text", key: `problem ${at}` }, problem.detail))),
      h("td", null, words(one))))),
  ), all.length > LINES ? h("p", { class: "hint pad" }, `${(all.length - LINES).toLocaleString()} more lines are not shown.`) : null);
}
