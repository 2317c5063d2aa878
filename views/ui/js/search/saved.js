/** The list of saved filters: with what each finds now, and in an order of one's own. */

import { h } from "../lib/dom.js";
import { listing } from "../model/listing.js";
import { between, byOrder } from "../model/order.js";
import { icon } from "../parts/icon.js";
import { link } from "../parts/shell.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Filter} Filter */

/** True if the person may change it. @param {App} app @param {Filter} saved */
export function changeable(app, saved) {
  return saved.user === app.store.user ? !saved.shared || app.may("editor") : saved.shared && app.may("admin");
}

/** How many tasks each finds; asked for while the list is in view. @param {App} app */
function totals(app) {
  const counted = listing(app, "filter counts");
  const filters = app.store.filters;
  if (!filters.length) return new Map();
  counted.want(`/workspaces/${app.route.workspace}/filters`, { count: true });
  const position = app.store.entities.position ?? 0;
  if (counted.state === "ready" && position > counted.position && app.feed?.state === "live") counted.stale(position);
  return new Map(counted.items.map((/** @type {any} */ one) => [one.id, one.total]));
}

/** @param {App} app */
export function savedList(app) {
  const filters = app.store.filters;
  if (!filters.length) {
    return h("section", null, h("h2", null, "Saved filters"),
      h("p", { class: "hint" }, "What you look for again and again can be saved under a name: it then stands in the sidebar, for you or for all members."));
  }
  const found = totals(app);
  const shift = (/** @type {number} */ at, /** @type {number} */ by) => {
    const others = filters.filter((_, index) => index !== at).sort(byOrder);
    const place = at + by;
    const order = between(others[place - 1]?.order ?? "", others[place]?.order ?? "");
    void app.send({ type: "EditFilter", saved: filters[at].id, order });
  };
  return h("section", { "aria-labelledby": "saved-head" }, h("h2", { id: "saved-head" }, "Saved filters"),
    h("ul", { class: "saved" }, filters.map((one, index) => h("li", { key: one.id, class: "saved-row" },
      link(app, app.to("search", one.id), { class: "saved-link" },
        h("span", { class: "dot", style: { background: one.colour || "var(--ink-3)" } }),
        h("span", { class: "saved-name ellipsis" }, one.name),
        h("span", { class: "count", "aria-label": found.has(one.id) ? `${found.get(one.id) ?? "unknown"} tasks` : undefined }, found.has(one.id) ? (found.get(one.id) === null ? "?" : String(found.get(one.id))) : ""),
        h("span", { class: "hint ellipsis grow" }, [one.q, one.filter].filter(Boolean).join(" · ")),
        one.shared ? h("span", { class: "chip", title: `Shared by ${one.user}` }, icon("members"), "Shared") : null),
      changeable(app, one) ? [
        h("button", { type: "button", class: "icon-button", key: "up", disabled: index === 0, "aria-label": `Move ${one.name} up`, title: "Up", onclick: () => shift(index, -1) }, icon("up")),
        h("button", { type: "button", class: "icon-button", key: "down", disabled: index === filters.length - 1, "aria-label": `Move ${one.name} down`, title: "Down", onclick: () => shift(index, 1) }, icon("down")),
        h("button", { type: "button", class: "icon-button", key: "edit", "aria-label": `Edit ${one.name}`, title: "Edit", onclick: () => app.openDialog("filter", { saved: one }) }, icon("settings")),
      ] : null))));
}
