/** Keys as people write them: `Ctrl+K`, `g t` (one after the other), `?`. */

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** The name of what was pressed. @param {KeyboardEvent} event */
export function pressed(event) {
  const mod = MAC ? event.metaKey : event.ctrlKey;
  const key = event.key === " " ? "Space" : event.key;
  const shift = event.shiftKey && key.length > 1 ? "Shift+" : "";
  return `${mod ? "Mod+" : ""}${event.altKey ? "Alt+" : ""}${shift}${mod && key.length === 1 ? key.toLowerCase() : key}`;
}

/** The same for people of this machine. @param {string} keys */
export function shown(keys) {
  return keys.replaceAll("Mod+", MAC ? "⌘" : "Ctrl+").replaceAll("Arrow", "").replace("Escape", "Esc");
}

/** True if what is typed goes into a field. @param {EventTarget | null} target */
export function typing(target) {
  const element = /** @type {HTMLElement | null} */ (target);
  if (!element?.closest) return false;
  return element.isContentEditable || Boolean(element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select"));
}
