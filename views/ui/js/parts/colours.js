/** The colours of projects and filters. */

import { h } from "../lib/dom.js";

const COLOURS = ["#1f6f5c", "#1d6fa3", "#8b45a8", "#b4540a", "#3d7a3a", "#4a56c0", "#a83a6d", "#8a6a00", "#b3261e", "#6b6458"];

/** A colour to choose: that which it has, or, of a new thing, another one than the last. @param {string | undefined} own @param {number} count how many things there are */
export function colourField(own, count) {
  const chosen = own ?? COLOURS[count % COLOURS.length];
  return h("fieldset", { class: "colours" }, h("legend", null, "Colour"), COLOURS.map((colour, index) =>
    h("label", { key: colour, class: "colour", style: { "--colour": colour } }, h("input", { type: "radio", name: "colour", value: colour, checked: colour === chosen, "aria-label": `Colour ${index + 1}` }))));
}
