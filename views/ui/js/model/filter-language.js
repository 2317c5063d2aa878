/**
 * The filter language as far as a field needs it that helps to write it: what may come next, and conditions that can be
 * chosen instead of written. The server reads filters and says what is wrong (see `tasksys/query/syntax.py`).
 */

/** @typedef {import("./store.js").Store} Store */
/** @typedef {{text: string, start: number, end: number, kind: "word" | "string" | "operator" | "open" | "close" | "comma" | "open-string"}} Token */
/** @typedef {{text: string, hint?: string, dot?: string}} Suggestion what is put in, and what it means */
/** @typedef {{from: number, to: number, about: string, items: Suggestion[]}} Completion */

/** @typedef {{name: string, says: string, kind: keyof typeof OPERATORS, empty?: boolean}} Field */

/** Operators by kind of field, with what they mean. */
const OPERATORS = {
  choice: ["=", "!=", "in"],
  order: ["=", "!=", "<", "<=", ">", ">=", "in"],
  flag: ["=", "!="],
  names: ["=", "!=", "in", "~"],
  text: ["~", "=", "!=", "in"],
  words: ["~"],
};

/** @type {Record<string, string>} */
const SAYS = { "=": "is", "!=": "is not", "<": "less, or before", "<=": "at most, or until", ">": "more, or after", ">=": "at least, or from", "~": "contains", in: "is one of", is: "has a value or none" };

/** @type {Field[]} */
export const FIELDS = [
  { name: "status", says: "open, in-progress, done …", kind: "choice" },
  { name: "priority", says: "none to urgent", kind: "order", empty: true },
  { name: "due", says: "when it is due", kind: "order", empty: true },
  { name: "label", says: "a label that it has", kind: "names", empty: true },
  { name: "assignee", says: "who does it", kind: "names", empty: true },
  { name: "project", says: "where it is", kind: "choice", empty: true },
  { name: "section", says: "the part of its project", kind: "choice", empty: true },
  { name: "title", says: "words of the title", kind: "text" },
  { name: "description", says: "words of the description", kind: "text", empty: true },
  { name: "text", says: "title, description and labels", kind: "words" },
  { name: "start", says: "when it starts", kind: "order", empty: true },
  { name: "created", says: "when it was made", kind: "order" },
  { name: "updated", says: "when it was changed", kind: "order" },
  { name: "completed", says: "when it was done", kind: "order", empty: true },
  { name: "estimate", says: "in minutes, or 2h", kind: "order", empty: true },
  { name: "blocked", says: "waits for another task", kind: "flag" },
  { name: "link", says: "a kind of link", kind: "choice", empty: true },
  { name: "checklist", says: "items of its checklist", kind: "order" },
  { name: "unchecked", says: "items not ticked", kind: "order" },
  { name: "parent", says: "the task it is a part of", kind: "choice", empty: true },
  { name: "series", says: "the repeating task", kind: "choice", empty: true },
  { name: "id", says: "of the task", kind: "choice" },
  { name: "trashed", says: "in the trash", kind: "flag" },
];

const PLURALS = /** @type {Record<string, string>} */ ({ labels: "label", assignees: "assignee", links: "link" });

const MOMENTS = [
  ["today", "this day"], ["tomorrow", "the next day"], ["yesterday", "the day before"], ["now", "this instant"], ["today+7d", "in a week"],
  ["today+1m", "in a month"], ["today-7d", "a week ago"], ["monday", "the coming Monday"], ["friday", "the coming Friday"], ["now-24h", "a day ago"],
];

const TOKEN = /\s*(?:(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<openString>["'].*$)|(?<operator><=|>=|!=|==|<>|[=<>~!])|(?<open>\()|(?<close>\))|(?<comma>,)|(?<word>[^\s(),=<>!~"'][^\s(),=<>!~"]*))/sy;

/** The tokens of a filter. @param {string} text @returns {Token[]} */
export function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const match = TOKEN.exec(text);
    if (!match?.groups) return found;
    const [name, content] = /** @type {[string, string]} */ (Object.entries(match.groups).find(([, one]) => one !== undefined));
    const end = TOKEN.lastIndex;
    found.push({ text: content, start: end - content.length, end, kind: /** @type {Token["kind"]} */ (name === "openString" ? "open-string" : name) });
  }
}

/** A name as a value: in quotes where it must be. @param {string} text */
export function value(text) {
  const plain = /^[^\s(),=<>!~"'\\][^\s(),=<>!~"\\]*$/.test(text) && !/^(and|or|not|in|is|empty|none|me|true|false)$/i.test(text);
  return plain ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The text of a value as it was written. @param {string} written */
export function unquoted(written) {
  return /^["']/.test(written) ? written.slice(1, -1).replaceAll(/\\(.)/gs, "$1") : written;
}

/** The values of a field that can be offered. @param {string} field @param {Store} store @returns {Suggestion[]} */
function values(field, store) {
  const plain = (/** @type {string[]} */ names) => names.map((text) => ({ text }));
  switch (field) {
    case "status": return plain(["open", "in-progress", "done", "cancelled", "skipped", "missed"]);
    case "priority": return plain(["urgent", "high", "medium", "low", "none"]);
    case "label": return store.labels.map((one) => ({ text: value(one), hint: "label" }));
    case "assignee": return [{ text: "me", hint: store.user }, ...store.members.map(({ user, role }) => ({ text: value(user), hint: role }))];
    case "project": return store.projects.map((one) => ({ text: value(one.name), dot: one.colour || "var(--ink-3)" }));
    case "section": return store.projects.flatMap((one) => one.sections.map((section) => ({ text: value(section.name), hint: one.name })));
    case "link": return plain(["blocks", "blocked-by", "relates", "duplicates", "duplicated-by"]);
    case "blocked": case "trashed": return plain(["true", "false"]);
    case "due": case "start": case "created": case "updated": case "completed": return MOMENTS.map(([text, hint]) => ({ text, hint }));
    case "estimate": return [{ text: "15min" }, { text: "30min" }, { text: "1h" }, { text: "4h" }];
    default: return [];
  }
}

/** @param {string} name */
const fieldNamed = (name) => FIELDS.find((one) => one.name === (PLURALS[name.toLowerCase()] ?? name.toLowerCase()));

/**
 * What may come where the caret is, best first.
 * @param {string} text @param {number} caret @param {Store} store @returns {Completion}
 */
export function complete(text, caret, store) {
  const all = tokens(text.slice(0, caret));
  const last = all.at(-1);
  const touching = last && last.end === caret && (last.kind === "word" || last.kind === "open-string") ? last : null;
  const before = touching ? all.slice(0, -1) : all;
  const written = touching ? touching.text.replace(/^["']/, "") : "";
  const rest = touching?.kind === "word" ? (/^[^\s(),=<>!~"]*/.exec(text.slice(caret))?.[0].length ?? 0) : 0;
  const [from, to] = [touching?.start ?? caret, caret + rest];
  const { about, items } = expected(before, store);
  const wanted = written.toLowerCase();
  const fits = (/** @type {Suggestion} */ one) => one.text.toLowerCase().replace(/^"/, "");
  const starting = items.filter((one) => fits(one).startsWith(wanted));
  const holding = wanted ? items.filter((one) => !fits(one).startsWith(wanted) && fits(one).includes(wanted)) : [];
  return { from, to, about, items: [...starting, ...holding].slice(0, 40) };
}

/** What comes after these tokens. @param {Token[]} before @param {Store} store @returns {{about: string, items: Suggestion[]}} */
function expected(before, store) {
  let state = "field";
  /** @type {Field | undefined} */
  let field;
  let listed = false;
  let depth = 0;
  for (const one of before) {
    const word = one.text.toLowerCase();
    if (state === "field") {
      if (one.kind === "open") depth++;
      else if (one.kind === "word" && word !== "not") [field, state] = [fieldNamed(one.text), "operator"];
    } else if (state === "operator") {
      if (one.kind === "operator") state = "value";
      else if (word === "in") [state, listed] = ["list", true];
      else if (word === "is") state = "empty";
    } else if (state === "list") {
      if (one.kind === "open") state = "value";
    } else if (state === "empty") {
      if (word === "empty") state = "joint";
    } else if (state === "value") {
      if (one.kind === "word" || one.kind === "string") state = listed ? "comma" : "joint";
    } else if (state === "comma") {
      if (one.kind === "comma") state = "value";
      else if (one.kind === "close") [state, listed] = ["joint", false];
    } else if (one.kind === "close") depth = Math.max(0, depth - 1);
    else if (word === "and" || word === "or") state = "field";
  }
  switch (state) {
    case "field": return { about: "Field", items: [...FIELDS.map((one) => ({ text: one.name, hint: one.says })), { text: "not", hint: "the opposite of what follows" }] };
    case "operator": {
      const names = [...OPERATORS[field?.kind ?? "order"], ...(field?.empty ? ["is"] : []), ...(field ? ["not"] : [])].filter((one) => one !== "not");
      return { about: field?.name ?? "Comparison", items: names.map((text) => ({ text, hint: SAYS[text] })) };
    }
    case "list": return { about: field?.name ?? "Values", items: [{ text: "(", hint: "begin the list" }] };
    case "empty": return { about: field?.name ?? "", items: [{ text: "empty", hint: "has none" }, { text: "not empty", hint: "has one" }] };
    case "value": return { about: field?.name ?? "Value", items: values(field?.name ?? "", store) };
    case "comma": return { about: "Values", items: [{ text: ",", hint: "another one" }, { text: ")", hint: "end of the list" }] };
    default: return { about: "Go on", items: [{ text: "and", hint: "both hold" }, { text: "or", hint: "one of them holds" }, ...(depth ? [{ text: ")", hint: "close" }] : [])] };
  }
}

/** The conditions that a filter joins with `and`; null if it is joined in other ways. @param {string} text @returns {string[] | null} */
export function conditions(text) {
  const found = [];
  let depth = 0;
  let start = 0;
  let listing = false;
  for (const one of tokens(text)) {
    if (one.kind === "open-string") return null;
    if (one.kind === "open") depth++;
    else if (one.kind === "close") depth--;
    const word = one.kind === "word" ? one.text.toLowerCase() : "";
    if (word === "in") listing = true;
    if (depth === 0 && one.kind === "close") listing = false;
    if (depth > 0 || listing) continue;
    if (word === "or") return null;
    if (word === "and") {
      found.push(text.slice(start, one.start).trim());
      start = one.end;
    }
  }
  const rest = text.slice(start).trim();
  if (rest || found.length) found.push(rest);
  return depth === 0 && found.every(Boolean) ? found : depth === 0 && !text.trim() ? [] : null;
}

/** The field that a condition is about, if it is that of one of the buttons. @param {string} condition */
export function fieldOf(condition) {
  const [first] = tokens(condition);
  return first?.kind === "word" ? (fieldNamed(first.text)?.name ?? "") : "";
}

/** The values of `field = x` and `field in (x, y)`; null for anything else. @param {string} condition @returns {string[] | null} */
export function chosenIn(condition) {
  const [, operator, ...rest] = tokens(condition);
  if (operator?.text === "=" && rest.length === 1) return [unquoted(rest[0].text)];
  if (operator?.text.toLowerCase() === "in" && rest[0]?.kind === "open" && rest.at(-1)?.kind === "close") {
    return rest.filter((one) => one.kind === "word" || one.kind === "string").map((one) => unquoted(one.text));
  }
  return null;
}

/** The filter with the condition of a field replaced; blank takes it out. @param {string} text @param {string} field @param {string} condition */
export function withCondition(text, field, condition) {
  const found = conditions(text);
  if (!found) return condition ? `(${text.trim()}) and ${condition}` : text;
  const at = found.findIndex((one) => fieldOf(one) === field);
  const others = found.filter((one) => fieldOf(one) !== field);
  if (condition) others.splice(at < 0 ? others.length : Math.min(at, others.length), 0, condition);
  return others.join(" and ");
}

/** A condition on one or more values of a field. @param {string} field @param {readonly string[]} chosen */
export function oneOf(field, chosen) {
  if (!chosen.length) return "";
  const written = chosen.map((one) => (one === "me" || field === "status" || field === "priority" ? one : value(one)));
  return written.length === 1 ? `${field} = ${written[0]}` : `${field} in (${written.join(", ")})`;
}

/** A condition as it is shown on a button. @param {string} condition */
export function sayCondition(condition) {
  const known = [...DUE, ...PRIORITY, ...STATUS].find((one) => one.condition === condition);
  if (known) return known.name;
  const chosen = chosenIn(condition);
  if (chosen) return chosen.length > 2 ? `${chosen.slice(0, 2).join(", ")} +${chosen.length - 2}` : chosen.join(" or ");
  if (/\bis\s+empty$/i.test(condition)) return "none";
  return condition.replace(/^\w+\s*/, "");
}

/** @typedef {{name: string, condition: string}} Preset */

/** @type {Preset[]} */
export const STATUS = [
  { name: "Still to do", condition: "status in (open, in-progress)" }, { name: "Not begun", condition: "status = open" }, { name: "In progress", condition: "status = in-progress" },
  { name: "Done", condition: "status = done" }, { name: "Cancelled", condition: "status = cancelled" }, { name: "Skipped or missed", condition: "status in (skipped, missed)" },
];

/** @type {Preset[]} */
export const PRIORITY = [
  { name: "Urgent", condition: "priority = urgent" }, { name: "High or more", condition: "priority >= high" }, { name: "Medium or more", condition: "priority >= medium" },
  { name: "Any priority", condition: "priority is not empty" }, { name: "No priority", condition: "priority is empty" },
];

/** @type {Preset[]} */
export const DUE = [
  { name: "Overdue", condition: "due < today" }, { name: "Today", condition: "due = today" }, { name: "Today or overdue", condition: "due <= today" },
  { name: "Within 7 days", condition: "due <= today+7d" }, { name: "Within 30 days", condition: "due <= today+30d" }, { name: "Has a date", condition: "due is not empty" },
  { name: "No date", condition: "due is empty" },
];
