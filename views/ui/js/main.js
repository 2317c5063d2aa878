/** Says that scripts run. */
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
status.textContent = "Ready";
