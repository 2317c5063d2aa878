/** What is shown before there is a workspace to show: the first visit, signing in, and what stands in the way. */

import { h } from "../lib/dom.js";
import { HERE } from "../lib/time.js";
import { Refused, get } from "../net/api.js";
import { session } from "../net/session.js";
import { makeWorkspace } from "../net/workspaces.js";
import { address } from "../router.js";

/** @typedef {import("../app.js").App} App */

/** @param {App} app */
export function welcome(app) {
  return h("main", { class: "entrance" }, h("form", { class: "entrance-card", onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    try {
      const made = await makeWorkspace(String(given.get("name")).trim());
      app.go(address(made.id, "today"));
    } catch (error) {
      app.trouble = /** @type {Error} */ (error).message;
      app.tell();
    }
  } },
    h("img", { src: "/favicon.svg", alt: "", width: 56, height: 56 }),
    h("h1", null, "Welcome to Tasksys"),
    h("p", null, "A workspace holds your projects and tasks. You can have several, and share each with others."),
    app.trouble ? h("p", { class: "error-text", role: "alert" }, app.trouble) : null,
    h("label", { class: "labelled" }, "What shall it be called?", h("input", { class: "field", name: "name", value: "My tasks", required: true, maxLength: 200, autofocus: true })),
    h("p", { class: "hint" }, `Days begin and end as in ${HERE}; that can be changed later.`),
    h("button", { class: "button primary large", type: "submit" }, "Start")));
}

/** @param {App} app */
export function signIn(app) {
  return h("main", { class: "entrance" }, h("form", { class: "entrance-card", onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    session.token = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("token")).trim();
    try {
      await get("/workspaces", { limit: 1 });
    } catch (error) {
      session.token = "";
      app.trouble = error instanceof Refused ? error.message : /** @type {Error} */ (error).message;
      return app.tell();
    }
    app.trouble = "";
    app.phase = "starting";
    void app.start();
  } },
    h("img", { src: "/favicon.svg", alt: "", width: 56, height: 56 }),
    h("h1", null, "Sign in"),
    h("p", null, "This server asks for a token. Whoever runs it can give you one; it stays in this tab only."),
    app.trouble ? h("p", { class: "error-text", role: "alert" }, app.trouble) : null,
    h("label", { class: "labelled" }, "Token", h("textarea", { class: "field mono", name: "token", rows: 4, required: true, autocomplete: "off", spellcheck: false })),
    h("button", { class: "button primary large", type: "submit" }, "Sign in")));
}

/** @param {App} app */
export function gone(app) {
  return h("main", { class: "entrance" }, h("div", { class: "entrance-card" },
    h("img", { src: "/favicon.svg", alt: "", width: 56, height: 56 }),
    h("h1", null, "This cannot be shown"),
    h("p", { role: "alert" }, app.trouble),
    h("div", { class: "row" },
      h("button", { type: "button", class: "button primary", onclick: () => app.go("/") }, "To your workspaces"),
      h("button", { type: "button", class: "button", onclick: () => location.reload() }, "Try again"))));
}

/** While nothing is known yet. */
export function starting() {
  return h("main", { class: "entrance", "aria-busy": "true" }, h("p", { class: "hint starting" }, "Opening…"));
}
