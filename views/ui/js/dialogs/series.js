/** How a task or a series repeats. */

import { h } from "../lib/dom.js";
import { sayWhen } from "../lib/time.js";
import { whenOf } from "../model/occurrences.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import "../parts/series-editor.js";

dialog("series", (app, /** @type {import("../parts/series-editor.js").About} */ about) => {
  const task = about.task && (app.store.task(about.task.id) ?? about.task);
  const id = about.series?.id ?? about.task?.series; // as it was opened: a series that is just being made is not edited
  const series = app.store.series(id) ?? about.series;
  const original = about.occurrence ?? about.task?.original;
  const title = !series ? "Make it repeat" : original ? "Change what repeats" : "Edit what repeats";
  const when = series && original ? `${series.template.title} · ${sayWhen(about.due ?? task?.due ?? whenOf(series, original))}` : (task?.title ?? series?.template.title);
  return [dialogHead(app, title, when), h("series-editor", { key: `${task?.id} ${id}`, given: { app, about: { ...about, task } } })];
});
