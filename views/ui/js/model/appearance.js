/** How the page looks on this device. */

/** @param {"theme" | "density"} name @param {string} value */
function set(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  localStorage.setItem(`tasksys.${name}`, value);
}

/** @param {string} theme `light`, `dark`, or blank for the system's */
export function setTheme(theme) {
  set("theme", theme);
}

/** @param {string} density `compact`, or blank for comfortable */
export function setDensity(density) {
  set("density", density);
}

/** From light to dark, or back. */
export function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  setTheme(now === "dark" ? "light" : "dark");
}

/** As it was set on this device before. */
export function restoreAppearance() {
  setTheme(localStorage.getItem("tasksys.theme") ?? "");
  setDensity(localStorage.getItem("tasksys.density") ?? "");
}
