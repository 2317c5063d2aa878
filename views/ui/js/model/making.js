/** What a line of quick add becomes, at the place where it was written. */

import { today } from "../lib/time.js";

/** @typedef {import("./types.js").Command} Command */

/** What a new task on this page is given. @param {import("../app.js").App} app @returns {Record<string, any>} */
export function placeOf(app) {
  if (app.route.page === "project") return { project: app.route.id };
  if (app.route.page === "today") return { due: { date: today() } };
  return {};
}

/**
 * The command to send: what was understood, with what the place gives where the words say nothing else, and under that id.
 * @param {any} parsed the command that the server understood @param {Record<string, any>} place @param {string} id @returns {Command}
 */
export function made(parsed, place, id) {
  const { project, section, due } = place;
  const said = parsed.template ?? parsed;
  const where = project && !said.project ? { project, ...(section ? { section } : {}) } : {};
  if (parsed.type === "CreateSeries") return { ...parsed, template: { ...where, ...said }, series: id };
  return { ...(due ? { due } : {}), ...where, ...parsed, task: id };
}
