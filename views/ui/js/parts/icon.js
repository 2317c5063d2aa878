/** Drawings of 20 by 20, in the colour of the text beside them; the text says what they mean. */

import { h } from "../lib/dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  inbox: "M3 11l2.5-7h9L17 11v5H3zM3 11h4l1.2 2h3.6L13 11h4",
  today: "M4 5h12v12H4zM4 8.5h12M7 3v3M13 3v3M10 11v3M8.5 12.5h3",
  upcoming: "M4 5h12v12H4zM4 8.5h12M7 3v3M13 3v3M7 12h6M11 10l2 2-2 2",
  calendar: "M4 5h12v12H4zM4 8.5h12M7 3v3M13 3v3M7 11.5h.01M10 11.5h.01M13 11.5h.01M7 14.5h.01M10 14.5h.01",
  board: "M3.5 4h4v12h-4zM8.5 4h4v8h-4zM13.5 4h3v10h-3z",
  list: "M7 5.5h10M7 10h10M7 14.5h10M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  activity: "M3 10h3l2-5.5L12 16l2-6h3",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 11h7.4l.8-11M8.5 9v5M11.5 9v5",
  members: "M7.5 9.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5zM2.5 16c.3-3 2.2-4.5 5-4.5s4.7 1.5 5 4.5M13 4.3a2.6 2.6 0 0 1 0 5M14.5 11.8c1.8.5 2.8 1.9 3 4.2",
  settings: "M4 6h8M15 6h1M4 14h1M8 14h8M13.5 4.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM6.5 12.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z",
  bell: "M5 14h10l-1.3-2V8.5a3.7 3.7 0 0 0-7.4 0V12zM8.5 16.5a1.6 1.6 0 0 0 3 0",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  repeat: "M4 9a5 5 0 0 1 5-4h6M12.5 2.5L15 5l-2.5 2.5M16 11a5 5 0 0 1-5 4H5M7.5 17.5L5 15l2.5-2.5",
  flag: "M5 17V3.5M5 4.5h9l-1.8 3.2L14 11H5",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  menu: "M3.5 6h13M3.5 10h13M3.5 14h13",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  down: "M5 8l5 5 5-5",
  up: "M5 12l5-5 5 5",
  comment: "M4 4.5h12v9H9l-3.5 3v-3H4z",
  link: "M8.5 11.5l3-3M7.5 9L5.3 11.2a2.5 2.5 0 0 0 3.5 3.5L11 12.5M12.5 11l2.2-2.2a2.5 2.5 0 0 0-3.5-3.5L9 7.5",
  history: "M4 10a6 6 0 1 0 2-4.5M4 3.5V6.5h3M10 7v3.5l2.5 1.5",
  undo: "M7.5 5L4 8.5 7.5 12M4.5 8.5H12a3.75 3.75 0 0 1 0 7.5H8",
  move: "M10 3v14M3 10h14M8 5l2-2 2 2M8 15l2 2 2-2M5 8l-2 2 2 2M15 8l2 2-2 2",
  filter: "M3.5 5h13l-5 6v4.5l-3 1.5v-6z",
  star: "M10 3l2.1 4.5 4.9.6-3.6 3.4.9 4.9-4.3-2.4-4.3 2.4.9-4.9L3 8.1l4.9-.6z",
  upload: "M10 13V4M6.5 7L10 3.5 13.5 7M4 13v3.5h12V13",
  download: "M10 4v9M6.5 10l3.5 3.5 3.5-3.5M4 13v3.5h12V13",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.5h.01",
  offline: "M3 3l14 14M5.5 9.5a7 7 0 0 1 2-1.3M10.5 7.5a7 7 0 0 1 4 2M7.5 12.3a4 4 0 0 1 4.6-.3M10 15.5h.01M3 7a11 11 0 0 1 2-1.4M9 4.6c3-.3 5.8.6 8 2.4",
  user: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.4-3 2.6-4.5 6-4.5s5.6 1.5 6 4.5",
  tag: "M3.5 4h6l7 7-5.5 5.5-7-7zM6.5 7h.01",
  clock: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM10 6.5V10l2.5 1.5",
  subtask: "M5 3.5v8.5a2 2 0 0 0 2 2h8M12 11l3 3-3 3",
  archive: "M3.5 4h13v3.5h-13zM4.5 7.5V16h11V7.5M8 10.5h4",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M15.7 4.3l-1.4 1.4M5.7 14.3l-1.4 1.4",
  play: "M6 4.5l9 5.5-9 5.5z",
  pause: "M7 4.5v11M13 4.5v11",
  pencil: "M4 16l.8-3.2L13.5 4l2.5 2.5-8.8 8.7zM12 5.5L14.5 8",
  grip: "M8 5h.01M12 5h.01M8 10h.01M12 10h.01M8 15h.01M12 15h.01",
};

/** @param {string} name @param {{class?: string}} [props] */
export function icon(name, props = {}) {
  return h(
    "svg",
    { class: `icon ${props.class ?? ""}`, viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    h("path", { d: PATHS[name] ?? PATHS.more }),
  );
}
