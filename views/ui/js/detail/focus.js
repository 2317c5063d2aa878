/** Where the focus goes when a task is opened and closed. On a phone the task covers the page, which then rests. */

import { single } from "../lib/screens.js";

/** @typedef {import("../app.js").App} App */

/** The task that was shown last. @type {string | null} */
let shown = null;

/** Called while the page is made; what it finds it does when the page is there. @param {App} app @param {string | null} id */
export function focused(app, id) {
  const before = shown;
  shown = id;
  if (id && (app.entering || (id !== before && single.matches && !app.dialog))) {
    app.entering = false;
    queueMicrotask(() => /** @type {HTMLElement | null} */ (document.querySelector(".detail"))?.focus({ preventScroll: true }));
  } else if (!id && before) {
    const inside = document.activeElement?.closest(".detail") || document.activeElement === document.body;
    if (inside) queueMicrotask(() => toRow(before));
  }
}

/** @param {string} id */
function toRow(id) {
  const row = /** @type {HTMLElement | null} */ (document.querySelector(`.page [data-task="${CSS.escape(id)}"]`));
  if (row && row.tabIndex >= 0) return row.focus({ preventScroll: true });
  const list = /** @type {HTMLElement | null} */ (row?.closest("virtual-list") ?? document.querySelector(".page virtual-list"));
  list?.focus({ preventScroll: true });
}
