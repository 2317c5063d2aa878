/** What was typed and is not saved yet, kept on this device with every key until it is saved or thrown away. */

/** @typedef {import("../app.js").App} App */
/** `base` is what the field was when writing began. @typedef {{text: string, base: string, at: string}} Draft */

/** @param {App} app @param {string} task @param {string} field */
export function draftName(app, task, field) {
  return `tasksys.draft ${app.store.user} ${app.route.workspace} ${task} ${field}`;
}

/** @param {string} name @returns {Draft | null} */
export function readDraft(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} text @param {string} base */
export function keepDraft(name, text, base) {
  try {
    localStorage.setItem(name, JSON.stringify({ text, base, at: new Date().toISOString() }));
  } catch {
    // a device that keeps nothing, or is full: what is typed stays in the field
  }
}

/** @param {string} name */
export function dropDraft(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // it was never kept
  }
}

/** Milliseconds after which a saved text is surely in the outbox, which keeps it from then on. */
const SAVED = 1_500;

/** Lets a draft go that was saved just now, unless something else has been written since. @param {string} name @param {string} text */
export function savedDraft(name, text) {
  setTimeout(() => {
    if (readDraft(name)?.text === text) dropDraft(name);
  }, SAVED);
}
