/** Which page an address shows. */

import { empty, link, pageHead } from "../parts/shell.js";
import { activity } from "../activity/page.js";
import { trash } from "../activity/trash.js";
import { exchange } from "../exchange/page.js";
import { members } from "../members/page.js";
import { settings } from "../settings/page.js";
import { search } from "../search/page.js";
import { board } from "./board.js";
import { calendar } from "./calendar.js";
import { reminders } from "./reminders.js";
import { seriesPage } from "./series.js";
import { inbox, projectList, todayPage, upcoming } from "./lists.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {(app: App) => import("../lib/dom.js").Content} Page */

/** @param {App} app */
function project(app) {
  const found = app.store.project(app.route.id);
  if (!found) return [pageHead(app, { title: "Project" }), empty({ drawn: "list", title: "There is no such project", text: "It may be in the trash, or in another workspace." })];
  return app.route.query.get("view") === "board" ? board(app, found) : projectList(app, found);
}

/** @type {Record<string, Page>} */
export const PAGES = {
  inbox, today: todayPage, upcoming, project, calendar, series: seriesPage, reminders, search, activity, trash, members, settings,
  exchange,
};

/** @param {App} app */
export function page(app) {
  const found = PAGES[app.route.page];
  if (found) return found(app);
  return [pageHead(app, { title: "Not here" }), empty({ drawn: "search", title: "There is no such page", text: "The address may be mistyped.", action: link(app, app.to("today"), { class: "button" }, "To Today") })];
}
