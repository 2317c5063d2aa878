/** Commands on their way, and what stands in their way. */

/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./types.js").Problem} Problem */

/**
 * `base` is what an edit saw of the fields that it changes; `theirs` what they are now, of a conflict. `text` is of a
 * quick add that nobody has parsed yet, `without` the kinds of phrases that stay in its title. `position` is that of an
 * accepted command's last event. `sent` is the command as it went out, whatever came of it.
 * @typedef {{
 *   id: string, user: string, workspace: string, at: string, command: Command, base?: Record<string, any>, text?: string,
 *   without?: string[],
 *   state: "waiting" | "sent" | "accepted" | "refused" | "conflict", problem?: Problem, theirs?: Record<string, any>,
 *   position?: number, sent?: Command,
 * }} Waiting
 */

/**
 * What others have made of the fields that an edit saw otherwise; null if nothing.
 * @param {Waiting} entry @param {import("./types.js").Task | undefined} task as the server has it @returns {Record<string, any> | null}
 */
export function conflicting(entry, task) {
  if (!entry.base || !task) return null;
  const rows = /** @type {Record<string, any>} */ (task);
  const differs = Object.keys(entry.base).filter(
    (field) => !same(rows[field], entry.base?.[field]) && !same(rows[field], entry.command[field]),
  );
  return differs.length ? Object.fromEntries(differs.map((field) => [field, rows[field]])) : null;
}

/** True if two values mean the same. @param {any} one @param {any} other */
export function same(one, other) {
  return one === other || JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
