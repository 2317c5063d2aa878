/** The help sheet: what the keys do, made from the table of actions, and what quick add understands. */

import { h } from "../lib/dom.js";
import { shown } from "../lib/keys.js";
import { ACTIONS } from "../actions.js";
import { dialog, dialogHead } from "../parts/dialogs.js";

const UNDERSTOOD = [
  ["tomorrow 9am, on friday, in 3 days, 8 march", "when it is due"],
  ["every monday, every 3 days, monthly on the last friday", "that it comes again"],
  ["#name, #name/section", "the project"],
  ["!high, p1", "the priority"],
  ["@anna", "who does it"],
  ["remind me 30 minutes before", "a reminder"],
  ["“the 9/11 report”", "in quotes, it stays in the title"],
];

dialog("help", (app) => [
  dialogHead(app, "Keyboard help", "Everything is also in the palette; two keys are pressed one after the other."),
  h("div", { class: "help-columns" },
    ["Page", "Go to", "List", "Tasks"].map((group) => h("section", { key: group }, h("h3", null, group),
      h("dl", { class: "keys" }, ACTIONS.filter((one) => one.group === group && !one.hidden && one.keys.length).map((one) => [
        h("dt", { key: `${one.id} keys` }, one.keys.map((keys, index) => [index ? " or " : null, h("kbd", { key: keys }, shown(keys))])),
        h("dd", { key: one.id }, one.name),
      ])))),
    h("section", { key: "add", class: "wide" }, h("h3", null, "In quick add"), h("dl", { class: "keys" }, UNDERSTOOD.map(([text, meaning]) => [h("dt", { key: `${text} text` }, text), h("dd", { key: text }, meaning)])))),
]);
