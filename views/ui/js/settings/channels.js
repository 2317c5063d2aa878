/** Where reminders go besides this page: webhooks, mail, and the services that Apprise knows. */

import { h } from "../lib/dom.js";
import { get, request } from "../net/api.js";
import { sayInstant } from "../lib/time.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import { icon } from "../parts/icon.js";
import { copy } from "./parts.js";
import { absent, preferencesOf } from "./own.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./own.js").Channel} Channel */

/** @type {[string, string, string, string][]} */
const KINDS = [
  ["email", "E-mail", "Address", "anna@example.org"],
  ["webhook", "Webhook", "Address", "https://example.org/tasksys"],
  ["apprise", "Another service", "URL of Apprise", "ntfy://ntfy.sh/my-topic"],
];

/** @param {App} app */
export function channels(app) {
  const found = preferencesOf(app);
  const mine = found.value;
  if (!mine) return absent(found);
  const used = (/** @type {string} */ name, /** @type {boolean} */ on) => {
    const names = on ? [...mine.channels, name] : mine.channels.filter((one) => one !== name);
    void app.send({ type: "SetPreferences", channels: names }, { said: on ? `Reminders go to ${name}` : `Reminders do not go to ${name} by themselves` });
  };
  return [
    h("p", { class: "hint" }, "Reminders always show on this page. Those that are ticked here go there too, unless a reminder says otherwise."),
    h("ul", { class: "channel-list", "aria-label": "Channels" }, mine.own_channels.map((one) => channel(app, one, mine.channels.includes(one.channel), used))),
    mine.own_channels.length ? null : h("p", { class: "hint" }, "There is none yet: add one, and reminders reach you where you are."),
    h("div", null, h("button", { type: "button", class: "button", "aria-haspopup": "dialog", onclick: () => app.openDialog("channel") }, icon("plus"), "Add a channel")),
  ];
}

/** @param {App} app @param {Channel} one @param {boolean} on @param {(name: string, on: boolean) => void} used */
function channel(app, one, on, used) {
  const kind = KINDS.find(([id]) => id === one.kind)?.[1] ?? one.kind;
  const trouble = one.disabled ? `Off: ${one.disabled}` : one.confirmed === false ? "Not confirmed yet: open the link in the mail that was sent there." : one.failing_since ? `Nothing came through since ${sayInstant(one.failing_since)}; it is tried again.` : "";
  return h("li", { key: one.channel, class: "channel-row" },
    h("label", { class: "ticked grow" }, h("input", { type: "checkbox", checked: on, onchange: (/** @type {Event} */ event) => used(one.channel, /** @type {HTMLInputElement} */ (event.target).checked) }),
      h("span", { class: "grow" }, h("strong", null, one.channel), h("span", { class: "hint" }, ` ${kind}, ${one.leads_to}`), trouble ? h("span", { class: "channel-trouble" }, trouble) : null)),
    one.kind === "webhook" ? h("button", { type: "button", class: "button quiet", "aria-label": `Secret of ${one.channel}`, onclick: () => void secret(app, one.channel) }, "Secret") : null,
    h("button", { type: "button", class: "button quiet", "aria-label": `${one.disabled ? "Switch on" : "Switch off"} ${one.channel}`, onclick: () => void app.send({ type: one.disabled ? "EnableChannel" : "DisableChannel", channel: one.channel }, { said: `${one.channel} is ${one.disabled ? "on" : "off"}` }) }, one.disabled ? "Switch on" : "Switch off"),
    h("button", { type: "button", class: "icon-button", "aria-label": `Change ${one.channel}`, title: "Change", onclick: () => app.openDialog("channel", { of: one }) }, icon("settings")),
    h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${one.channel}`, title: "Remove", onclick: () => remove(app, one.channel, on) }, icon("trash")));
}

/** A channel that is used is first not used. @param {App} app @param {string} name @param {boolean} on */
function remove(app, name, on) {
  const left = (preferencesOf(app).value?.channels ?? []).filter((one) => one !== name);
  if (on) void app.send({ type: "SetPreferences", channels: left });
  void app.send({ type: "RemoveChannel", channel: name }, { said: `Removed the channel ${name}` });
}

/** @param {App} app @param {string} name */
async function secret(app, name) {
  try {
    const found = await get(`/workspaces/${app.route.workspace}/preferences/channels/${encodeURIComponent(name)}`);
    app.openDialog("secret", { name, secret: found.secret });
  } catch (error) {
    app.notices.say(/** @type {Error} */ (error).message, undefined, "error");
  }
}

dialog("secret", (app, /** @type {{name: string, secret: string | null}} */ { name, secret }) => [
  dialogHead(app, `Secret of ${name}`, "Your receiver checks the signature of each message with it (Standard Webhooks). Show it to nobody else."),
  secret
    ? h("div", { class: "address" }, h("input", { class: "field mono grow", readOnly: true, value: secret, "aria-label": "Secret", onfocus: (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).select() }),
      h("button", { type: "button", class: "button", onclick: () => void copy(app, secret, "the secret") }, "Copy"))
    : h("p", { class: "hint" }, "The server has no key just now, and so no secret; its operator has to give it one."),
]);

/** @typedef {{of?: Channel, kind?: string, wrong?: string}} About */

dialog("channel", (app, /** @type {About | undefined} */ given) => {
  const about = given ?? {};
  const kind = about.kind ?? about.of?.kind ?? "email";
  const [, , label, example] = KINDS.find(([id]) => id === kind) ?? KINDS[0];
  const put = (/** @type {Partial<About>} */ changes) => app.openDialog("channel", { ...about, kind, ...changes });
  return [
    dialogHead(app, about.of ? `Change ${about.of.channel}` : "Add a channel", "Where it leads is kept sealed by the server; not even your history shows it."),
    h("form", { class: "stack", onsubmit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
      const [name, target] = [about.of?.channel ?? String(form.get("name")).trim(), String(form.get("target")).trim()];
      try {
        await request("PUT", `/workspaces/${app.route.workspace}/preferences/channels/${encodeURIComponent(name)}`, { body: { kind, target } });
        const used = preferencesOf(app).value?.channels ?? [];
        if (!about.of && !used.includes(name)) void app.send({ type: "SetPreferences", channels: [...used, name] });
        app.closeDialog();
        app.notices.say(about.of ? `Changed the channel ${name}` : `Added the channel ${name}`);
        preferencesOf(app).again();
      } catch (error) {
        const problem = /** @type {any} */ (error).problem;
        put({ wrong: problem?.errors?.[0]?.detail ?? /** @type {Error} */ (error).message });
      }
    } },
      h("fieldset", null, h("legend", null, "Kind"), h("div", { class: "segments words" }, KINDS.map(([id, words]) =>
        h("button", { key: id, type: "button", class: "segment", "aria-pressed": String(id === kind), onclick: () => put({ kind: id, wrong: undefined }) }, words)))),
      about.of ? null : h("label", { class: "labelled" }, "Name", h("input", { class: "field", name: "name", required: true, maxLength: 64, pattern: "[A-Za-z0-9_\\-]{1,64}", title: "Letters, digits, _ and -", value: kind, key: `name ${kind}`, autocomplete: "off" })),
      h("label", { class: "labelled" }, label, h("input", { class: "field", name: "target", key: `target ${kind}`, type: kind === "email" ? "email" : "text", required: true, placeholder: example, autocomplete: "off", spellcheck: false, autofocus: true })),
      kind === "apprise" ? h("p", { class: "hint" }, "Such as ntfy, Telegram, Matrix, Slack or Pushover; the documentation of Apprise says how the URL of each is written.") : null,
      about.wrong ? h("p", { class: "error-text", role: "alert" }, about.wrong) : null,
      h("div", { class: "row end" }, h("button", { class: "button primary", type: "submit" }, about.of ? "Save" : "Add"))),
  ];
});
