/** The manual order, guessed until the server has said it: a key between two neighbours (see `tasksys/ordering.py`). */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A key between two keys; blank ones are the ends of the list. @param {string} after @param {string} before */
export function between(after, before) {
  if (before && after >= before) return `${after}V`;
  let key = "";
  let bounded = before !== "";
  for (let index = 0; index <= Math.max(after.length, before.length); index++) {
    const low = index < after.length ? DIGITS.indexOf(after[index]) : 0;
    const high = !bounded ? 62 : index < before.length ? DIGITS.indexOf(before[index]) : 0;
    if (high - low > 1) return key + DIGITS[Math.floor((low + high) / 2)];
    key += DIGITS[low];
    bounded = bounded && low === high;
  }
  return `${key}V`;
}

/** Compares two things by their order, and then by their ids. @param {{order: string, id: string}} one @param {{order: string, id: string}} other */
export function byOrder(one, other) {
  if (one.order !== other.order) return one.order < other.order ? -1 : 1;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}
