/** What a file that is to be imported is, as far as the page looks into it: its format, and the columns of a spreadsheet. */

/** @typedef {"ics" | "json" | "csv" | "todoist"} Format */

/** @type {Record<Format, {name: string, type: string}>} */
export const FORMATS = {
  ics: { name: "iCalendar", type: "text/calendar" }, json: { name: "Export of Tasksys (JSON)", type: "application/json" },
  csv: { name: "Spreadsheet (CSV)", type: "text/csv" }, todoist: { name: "Todoist (CSV)", type: "text/csv" },
};

/** Fields that a column of a spreadsheet may be. @type {[string, string][]} */
export const FIELDS = [
  ["title", "Title"], ["description", "Description"], ["due", "Due"], ["start", "Start"], ["priority", "Priority"], ["status", "Done, or status"],
  ["labels", "Labels"], ["assignees", "Assigned to"], ["project_name", "Project"], ["section_name", "Section"], ["parent", "Parent task"], ["estimate_minutes", "Estimate"],
];

/** The columns of a spreadsheet, from its first row. @param {string} text */
export function columnsOf(text) {
  const start = text.replace(/^\uFEFF/, "");
  const delimiter = [",", ";", "\t"].map((one) => /** @type {[string, number]} */ ([one, split(start, one).length])).sort((one, other) => other[1] - one[1])[0][0];
  return split(start, delimiter).map((one) => one.trim()).filter(Boolean);
}

/** The cells of the first row. @param {string} text @param {string} delimiter */
function split(text, delimiter) {
  const cells = [""];
  let quoted = false;
  for (let at = 0; at < text.length && at < 20_000; at++) {
    const letter = text[at];
    if (letter === '"' && quoted && text[at + 1] === '"') cells[cells.length - 1] += text[++at];
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === delimiter) cells.push("");
    else if (!quoted && (letter === "\n" || letter === "\r")) break;
    else cells[cells.length - 1] += letter;
  }
  return cells;
}

/** What a file most likely is; null if it is none that is known. @param {string} name @param {string} text @returns {Format | null} */
export function formatOf(name, text) {
  const start = text.slice(0, 2_000).replace(/^\uFEFF/, "").trimStart();
  if (/^BEGIN:VCALENDAR/i.test(start) || /\.(ics|ical|ifb)$/i.test(name)) return "ics";
  if (/^[{[]/.test(start) || /\.json$/i.test(name)) return "json";
  const columns = columnsOf(text).map((one) => one.toUpperCase());
  if (columns.includes("TYPE") && columns.includes("CONTENT") && columns.includes("PRIORITY")) return "todoist";
  return /\.(csv|tsv|txt)$/i.test(name) || columns.length > 1 ? "csv" : null;
}
