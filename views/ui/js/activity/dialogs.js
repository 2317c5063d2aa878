/** Choosing the task that activity is about. */

import { chooser, dialog, dialogHead } from "../parts/dialogs.js";

dialog("activity-task", (app) => [
  dialogHead(app, "Of which task?"),
  chooser({
    label: "Task", placeholder: "A part of its title",
    items: app.store.tasks.toReversed().map((one) => ({ id: one.id, name: one.title, drawn: "list", hint: app.store.project(app.store.root(one).project)?.name })),
    choose: (id) => {
      app.closeDialog();
      app.go(app.with({ of: id }), true);
    },
  }),
]);
