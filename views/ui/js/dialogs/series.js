/** How a task or a series repeats. */

import { h } from "../lib/dom.js";
import { sayWhen } from "../lib/time.js";
import { whenOf } from "../model/occurrences.js";
import { dialog, dialogHead } from "../parts/dialogs.js";
import "../parts/series-editor.js";

dialog("series", (app, /** @type {import("../parts/series-editor.js").About} */ about) => {
  const task = about.task && (app.store.task(about.task.id) ?? about.task);
  const series = app.store.series(about.series?.id ?? task?.series) ?? about.series;
  const original = about.occurrence ?? task?.original;
  const title = !series ? "Make it repeat" : original ? "Change what repeats" : "Edit what repeats";
  const when = series && original ? `${series.template.title} · ${sayWhen(about.due ?? task?.due ?? whenOf(series, original))}` : (task?.title ?? series?.template.title);
  return [dialogHead(app, title, when), h("series-editor", { key: `${task?.id} ${series?.id}`, given: { app, about: { ...about, task } } })];
});
