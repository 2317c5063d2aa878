/** True for a task that is still to be done. @param {import("./types.js").Task} task */
export function isOpen(task) {
  return task.status === "open" || task.status === "in-progress";
}
