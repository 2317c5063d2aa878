/** Members: who may do what here, and who is here now. */

import { h } from "../lib/dom.js";
import { sayAgo } from "../lib/time.js";
import { isOpen } from "../model/status.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { avatar } from "../parts/avatar.js";
import { icon } from "../parts/icon.js";
import { pageHead } from "../parts/shell.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../model/types.js").Member} Member */
/** @typedef {import("../model/types.js").Role} Role */

/** @type {[Role, string, string][]} */
const ROLES = [
  ["owner", "Owner", "everything, owners too"], ["admin", "Admin", "members and the workspace itself"], ["editor", "Editor", "tasks and projects"],
  ["commenter", "Commenter", "looks, and comments"], ["viewer", "Viewer", "looks"],
];

/** The name of a role. @param {Role | undefined} role */
function roleName(role) {
  return ROLES.find(([one]) => one === role)?.[1] ?? "";
}

/** What the server said of the last change of a member, while it stands. @type {{user: string, text: string} | null} */
let refused = null;

/** Where a person is now, in words. @param {App} app @param {string} user */
function whereabouts(app, user) {
  const here = [...app.presence.others.values()].filter((one) => one.user === user);
  if (user === app.store.user) return "here now";
  if (!here.length) return "";
  const where = here.find((one) => one.where)?.where;
  const task = app.store.task(where?.task);
  if (task) return `here now, at “${task.title}”`;
  const project = app.store.project(where?.project);
  return project ? `here now, in ${project.name}` : "here now";
}

/** Sends a change of a member; what stands in its way is said beside the member. @param {App} app @param {string} user @param {import("../model/types.js").Command} command @param {string} said */
async function change(app, user, command, said) {
  refused = null;
  app.tell();
  const outcome = await app.send(command, { said });
  if (outcome?.status === "refused") refused = { user, text: outcome.problem?.errors?.[0]?.detail ?? outcome.problem?.detail ?? "It was refused." };
  app.store.changed();
  return outcome?.status === "accepted";
}

/** @param {App} app */
export function members(app) {
  const { store } = app;
  const rank = (/** @type {Member} */ one) => ROLES.findIndex(([role]) => role === one.role);
  const all = [...store.members].sort((one, other) => rank(one) - rank(other) || (one.user < other.user ? -1 : 1));
  const own = store.entities.members.get(store.user)?.role;
  const limits = own === "owner" ? "You are an owner: you can do everything here." : `You are ${own === "admin" || own === "editor" ? "an" : "a"} ${own}: ${ROLES.find(([role]) => role === own)?.[2] ?? ""}. ${app.may("admin") ? "Owners alone make and change owners." : "Admins and owners change members."}`;
  return [
    pageHead(app, { title: "Members", subtitle: `${all.length === 1 ? "1 person" : `${all.length} people`} in ${store.workspace?.name ?? "this workspace"}` }),
    h("div", { class: "page-body members", key: "body" },
      h("p", { class: "hint own-role" }, limits),
      app.may("admin") ? adding(app) : null,
      h("ul", { class: "member-list", "aria-label": "Members" }, all.map((one) => member(app, one))),
      h("details", { class: "roles" }, h("summary", null, "What each role may do"),
        h("dl", null, ROLES.map(([role, name, says]) => [h("dt", { key: `${role} name` }, name), h("dd", { key: role }, role === "admin" ? "tasks, projects, members and the workspace itself" : role === "editor" ? "tasks, projects and shared filters; comments and reminders" : role === "commenter" ? "looks at everything, comments, and sets own reminders" : role === "viewer" ? "looks at everything, and sets own filters and preferences" : says)])))),
  ];
}

/** The roles that one may give. @param {App} app */
function givable(app) {
  return ROLES.filter(([role]) => role !== "owner" || app.may("owner"));
}

/** @param {App} app */
function adding(app) {
  return h("form", { class: "member-add", onsubmit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const given = new FormData(form);
    const [user, role] = [String(given.get("user")).trim(), String(given.get("role"))];
    if (!user) return;
    if (app.store.entities.members.has(user)) {
      refused = { user: "", text: `${user} is a member already; change the role below.` };
      return app.store.changed();
    }
    if (await change(app, "", { type: "SetMember", user, role }, `Added ${user} as ${role}`)) form.reset();
  } },
    h("label", { class: "labelled grow" }, "User id", h("input", { class: "field", name: "user", required: true, maxLength: 128, autocomplete: "off", autocapitalize: "off", spellcheck: false, placeholder: "As they are known to this server, such as anna" })),
    h("label", { class: "labelled" }, "Role", h("select", { class: "field", name: "role" }, givable(app).map(([role, name]) => h("option", { key: role, value: role, selected: role === "editor" }, name)))),
    h("button", { class: "button primary", type: "submit" }, icon("plus"), "Add"),
    refused?.user === "" ? h("p", { class: "error-text member-error", role: "alert" }, refused.text) : null);
}

/** @param {App} app @param {Member} one */
function member(app, one) {
  const self = one.user === app.store.user;
  const may = app.may(one.role === "owner" ? "owner" : "admin");
  const where = whereabouts(app, one.user);
  const only = self && one.role === "owner" && !app.store.members.some((other) => other.role === "owner" && other.user !== one.user);
  return h("li", { key: one.user, class: "member" },
    h("span", { class: `member-mark${where ? " is-here" : ""}` }, avatar(one.user)),
    h("div", { class: "grow" },
      h("p", null, h("strong", null, one.user), self ? h("span", { class: "hint" }, " (you)") : null),
      h("p", { class: "hint ellipsis" }, where ? h("span", { class: "here-now" }, where) : `member ${since(one.since)}`),
      only ? h("p", { class: "hint", id: "only-owner" }, "The only owner: make somebody else an owner before you leave.") : null),
    may
      ? h("select", { class: "field member-role", "aria-label": `Role of ${one.user}`, value: one.role, onchange: async (/** @type {Event} */ event) => {
        const select = /** @type {HTMLSelectElement} */ (event.target);
        const role = /** @type {Role} */ (select.value);
        if (!(await change(app, one.user, { type: "SetMember", user: one.user, role }, `${one.user} is ${role} now`))) select.value = one.role;
      } }, (app.may("owner") ? ROLES : givable(app)).map(([role, name]) => h("option", { key: role, value: role, selected: role === one.role }, name)))
      : h("span", { class: "chip" }, roleName(one.role)),
    self
      ? h("button", { type: "button", class: "button", "aria-haspopup": "dialog", disabled: only, "aria-describedby": only ? "only-owner" : undefined, onclick: () => app.openDialog("remove-member", one) }, "Leave")
      : may ? h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${one.user}`, title: "Remove", "aria-haspopup": "dialog", onclick: () => app.openDialog("remove-member", one) }, icon("trash")) : h("span", { class: "member-no" }),
    refused?.user === one.user ? h("p", { class: "error-text member-error", role: "alert" }, refused.text) : null);
}

/** @param {string} at */
function since(at) {
  const words = sayAgo(at);
  return words === "just now" ? "since just now" : words.includes("ago") ? `for ${words.replace(" ago", "")}` : `since ${words.toLowerCase() === words ? words : words.replace(/^Y/, "y")}`;
}

dialog("remove-member", (app, /** @type {Member} */ one) => {
  const self = one.user === app.store.user;
  const tasks = app.store.live.filter((task) => isOpen(task) && task.assignees.includes(one.user)).length;
  const [whom, their, they] = self ? ["You", "your", "you"] : [one.user, "their", "they"];
  return [
    dialogHead(app, self ? `Leave ${app.store.workspace?.name ?? "this workspace"}?` : `Remove ${one.user}?`),
    h("ul", { class: "losses" },
      h("li", null, `${whom} can no longer see or change anything here, from this moment on.`),
      h("li", null, `${self ? "Your" : "Their"} reminders do not come any more, and the address of ${their} calendar stops working.`),
      h("li", null, tasks ? `${tasks === 1 ? "1 open task stays" : `${tasks} open tasks stay`} assigned to ${self ? "you" : "them"}; give ${tasks === 1 ? "it" : "them"} to somebody else.` : `No open task is assigned to ${self ? "you" : "them"}.`),
      h("li", null, `What ${they} wrote and did stays. ${self ? "An admin can add you again." : "You can add them again at any time."}`)),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button", onclick: () => app.closeDialog() }, "Cancel"),
      h("button", { type: "button", class: "button danger", onclick: () => {
        app.closeDialog();
        void change(app, one.user, { type: "RemoveMember", user: one.user }, self ? "You left" : `Removed ${one.user}`);
      } }, self ? "Leave" : "Remove")),
  ];
});
