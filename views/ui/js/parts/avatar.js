/** Who somebody is, at a glance. */

import { h } from "../lib/dom.js";
import { colourOf } from "../model/presence.js";
import { CLOCK } from "../model/saying.js";
import { icon } from "./icon.js";

/** A person as a small round. @param {string} user @param {string} [title] */
export function avatar(user, title = user) {
  const letters = user.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, 2).map((part) => [...part][0]).join("");
  return h("span", { class: `avatar person-${colourOf(user)}`, title, role: "img", "aria-label": title }, letters.toUpperCase() || "?");
}

/** Who did something: a person, or the clock. @param {string} actor */
export function actorMark(actor) {
  return actor === CLOCK ? h("span", { class: "avatar clock", "aria-hidden": "true" }, icon("clock")) : avatar(actor);
}
