/** The dialogs of search: saving a filter, and choosing the condition of a field. */

import { h } from "../lib/dom.js";
import { uuid } from "../lib/ids.js";
import { DUE, PRIORITY, STATUS, chosenIn, conditions, fieldOf, oneOf, withCondition } from "../model/filter-language.js";
import { colourField } from "../parts/colours.js";
import { chooser, dialog, dialogHead } from "../parts/dialogs.js";

/** @typedef {import("../model/types.js").Filter} Filter */

dialog("filter", (app, /** @type {{saved?: Filter, now?: {q: string, filter: string, sort: string}}} */ { saved, now }) => {
  const sharing = app.may("editor");
  return [
    dialogHead(app, saved ? "Edit the filter" : "Save as a filter", saved ? undefined : "It stands in the sidebar and always shows what it finds at that time."),
    h("form", { class: "stack", onsubmit: (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
      const fields = { name: String(given.get("name")).trim(), colour: String(given.get("colour") ?? ""), shared: given.get("shared") === "on" };
      if (!fields.name) return;
      app.closeDialog();
      if (saved) return void app.send({ type: "EditFilter", saved: saved.id, ...fields }, { said: `Changed the filter ${fields.name}` });
      const id = uuid();
      void app.send({ type: "CreateFilter", saved: id, ...fields, ...now }, { said: `Saved the filter ${fields.name}` });
      app.go(app.to("search", id));
    } },
      h("label", { class: "labelled" }, "Name", h("input", { class: "field", name: "name", value: saved?.name ?? "", required: true, maxLength: 200, autofocus: true })),
      colourField(saved && (saved.colour ?? ""), app.store.filters.length),
      h("label", { class: "ticked" }, h("input", { type: "checkbox", name: "shared", checked: saved?.shared ?? false, disabled: !sharing }),
        h("span", null, "Share it with all members", sharing ? null : h("span", { class: "hint" }, " (editors and up can)"))),
      h("div", { class: "row end" },
        saved ? h("button", { type: "button", class: "button danger", onclick: () => {
          app.closeDialog();
          void app.send({ type: "RemoveFilter", saved: saved.id }, { said: `Removed the filter ${saved.name}` });
          if (app.route.id === saved.id) app.go(app.to("search"));
        } }, "Remove") : null,
        h("button", { class: "button primary", type: "submit" }, saved ? "Save" : "Save the filter"))),
  ];
});

/** @typedef {{field: string, name: string, filter: string, changed: (filter: string) => void}} About */

dialog("condition", (app, /** @type {About} */ about) => {
  const { field, name } = about;
  const now = conditions(about.filter)?.find((one) => fieldOf(one) === field) ?? "";
  const put = (/** @type {string} */ condition) => {
    about.filter = withCondition(about.filter, field, condition);
    about.changed(about.filter);
  };
  const presets = { status: STATUS, priority: PRIORITY, due: DUE }[field];
  if (presets) {
    const items = presets.map((one) => ({ id: one.condition, name: one.name, hint: one.condition, chosen: one.condition === now }));
    return [
      dialogHead(app, name),
      chooser({ label: name, items, choose: (id) => { put(id === now ? "" : id); app.closeDialog(); } }),
      field === "due" ? h("form", { class: "row", onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
        if (given.get("day")) put(`due ${given.get("how")} ${given.get("day")}`);
        app.closeDialog();
      } },
        h("label", { class: "labelled" }, "Due", h("select", { class: "field", name: "how" }, [["<=", "on or before"], ["=", "on"], [">=", "on or after"]].map(([value, words]) => h("option", { key: value, value }, words)))),
        h("label", { class: "labelled" }, "Day", h("input", { class: "field", type: "date", name: "day", required: true })),
        h("button", { class: "button", type: "submit" }, "Set")) : null,
    ];
  }
  const chosen = chosenIn(now) ?? [];
  const none = `${field} is empty`;
  const names = field === "label" ? app.store.labels.map((id) => ({ id, name: id, drawn: "tag" }))
    : field === "assignee" ? [{ id: "me", name: "Me", hint: app.store.user, drawn: "user" }, ...app.store.members.filter((one) => one.user !== app.store.user).map(({ user }) => ({ id: user, name: user, drawn: "user" }))]
      : app.store.projects.map((one) => ({ id: one.name, name: one.name, dot: one.colour || "var(--ink-3)" }));
  const absent = { label: "No label", assignee: "Nobody", project: "No project (the Inbox)" }[field] ?? "None";
  const items = [...names.map((one) => ({ ...one, chosen: chosen.includes(one.id) })), { id: "\0none", name: absent, drawn: "close", chosen: now === none }];
  const choose = (/** @type {string} */ id) => {
    if (id === "\0none") put(now === none ? "" : none);
    else put(oneOf(field, chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]));
    app.tell();
  };
  return [
    dialogHead(app, name, "Choose one or more; any of them will do."),
    chooser({ label: name, items, choose }),
    h("div", { class: "row end" }, h("button", { type: "button", class: "button primary", onclick: () => app.closeDialog() }, "Done")),
  ];
});
