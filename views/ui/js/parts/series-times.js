/** What a recurrence comes to: in words, and the next times of it. */

import { h } from "../lib/dom.js";
import { sayFullDay } from "../lib/time.js";
import { icon } from "./icon.js";

/** @typedef {{local: string, zone: string | null, instant: string | null}} Time */
/** @typedef {{items: Time[], description: string, truncated: boolean}} Preview */

/** @param {Preview | null} found @param {{after: boolean, wrong: boolean, offline: boolean}} how `after`: it counts from when it is done; `wrong`: what was found is not of what is chosen */
export function times(found, { after, wrong, offline }) {
  if (offline) return h("p", { class: "hint", role: "status", key: "times" }, "The next times are shown once you are online. You can save all the same.");
  return h("section", { class: "preview", "aria-label": "What it comes to", "aria-live": "polite", key: "times" },
    h("p", { class: "preview-said" }, icon("repeat"), h("span", null, found ? found.description : "…")),
    found && !wrong ? h("ol", null, found.items.map((one) => h("li", { key: one.local }, sayFullDay(one.local.slice(0, 10)), one.local.length > 10 ? `, ${one.local.slice(11, 16)}` : "", gone(one)))) : null,
    found?.truncated ? h("p", { class: "hint" }, after ? "… and on, if each is done on its day." : "… and so on.") : null);
}

/** What is to be said of a time that the clocks of its zone have not. @param {Time} one */
function gone(one) {
  if (!one.zone || !one.instant) return null;
  const there = new Intl.DateTimeFormat("en-GB", { timeZone: one.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(Date.parse(one.instant));
  return there === one.local.slice(11, 16) ? null : h("span", { class: "hint" }, ` (${there}: the clocks are changed)`);
}
