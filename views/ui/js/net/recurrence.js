/** What the server says of a recurrence, for it alone understands words and works out times. */

import { post } from "./api.js";

/** Kinds of phrases that are not about when something comes. */
const ELSE = ["priority", "project", "label", "assignee", "reminder", "estimate"];

/** What stands for the title where only a recurrence is written; a word that means nothing. */
const TITLE = "x";

/** The command that words such as “every 2nd Tuesday” are, all of them; null if they are not understood. @param {string} words @param {string} zone @param {AbortSignal} signal */
export async function recurrenceOf(words, zone, signal) {
  const { command } = await post("/parse", { text: `${TITLE} ${words}`, zone, without: ELSE }, signal);
  return command.type === "CreateSeries" && command.template.title === TITLE ? command : null;
}

/**
 * The first times of a recurrence. @param {string} workspace @param {Record<string, any>} recurrence @param {number} limit @param {AbortSignal} signal
 * @returns {Promise<import("../parts/series-times.js").Preview>}
 */
export function previewOf(workspace, recurrence, limit, signal) {
  return post(`/workspaces/${workspace}/recurrence/preview`, { ...recurrence, limit }, signal);
}
