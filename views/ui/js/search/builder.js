/** Buttons that write conditions for those who do not: one for each field that filters are mostly about. */

import { h } from "../lib/dom.js";
import { conditions, fieldOf, sayCondition, withCondition } from "../model/filter-language.js";
import { icon } from "../parts/icon.js";

/** @typedef {import("../app.js").App} App */

/** @type {[string, string, string][]} */
const BUTTONS = [["status", "Status", "check"], ["priority", "Priority", "flag"], ["due", "Due", "today"], ["label", "Label", "tag"], ["assignee", "Assigned to", "user"], ["project", "Project", "list"]];

/** @param {App} app @param {string} filter @param {boolean} wrong that it cannot be read @param {(filter: string) => void} changed */
export function builder(app, filter, wrong, changed) {
  const found = wrong ? null : conditions(filter);
  const others = (found ?? []).filter((one) => !BUTTONS.some(([field]) => field === fieldOf(one)));
  return h("div", { class: "builder", role: "group", "aria-label": "Conditions" },
    BUTTONS.map(([field, name, drawn]) => {
      const conditioned = found?.filter((one) => fieldOf(one) === field) ?? [];
      const said = conditioned.map(sayCondition).join(", ");
      return h("span", { class: `builder-chip${said ? " set" : ""}`, key: field },
        h("button", { type: "button", class: "builder-button", "aria-haspopup": "dialog", onclick: () => app.openDialog("condition", { field, name, filter, changed }) },
          icon(drawn), said ? `${name}: ${said}` : name),
        said ? h("button", { type: "button", class: "builder-clear", "aria-label": `No condition on ${name.toLowerCase()}`, onclick: () => changed(withCondition(filter, field, "")) }, icon("close")) : null);
    }),
    others.map((one) => h("span", { class: "builder-chip set", key: `other ${one}` }, h("code", { class: "builder-button mono" }, one),
      h("button", { type: "button", class: "builder-clear", "aria-label": `Without ${one}`, onclick: () => changed((found ?? []).filter((each) => each !== one).join(" and ")) }, icon("close")))),
    found || wrong ? null : h("span", { class: "hint" }, "Conditions are added to what is written above."));
}
