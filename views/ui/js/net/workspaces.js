/** New workspaces: asked for twice, by an impatient hand or over a bad line, there is one. */

import { uuid } from "../lib/ids.js";
import { HERE } from "../lib/time.js";
import { request } from "./api.js";

/** What was asked for last, until it is there; and the request, as long as it is under way. @type {{name: string, key: string, made: Promise<any> | null}} */
let asked = { name: "", key: "", made: null };

/** Makes one of that name, in the zone of this device. @param {string} name @returns {Promise<import("../model/types.js").Workspace>} */
export async function makeWorkspace(name) {
  if (asked.name !== name || !asked.key) asked = { name, key: uuid(), made: null };
  const mine = asked;
  mine.made ??= request("POST", "/workspaces", { body: { name, time_zone: HERE }, headers: { "Idempotency-Key": mine.key } });
  try {
    const made = await mine.made;
    mine.key = "";
    return made;
  } finally {
    mine.made = null;
  }
}
