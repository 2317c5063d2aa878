/** Small things in words: people, durations, reminders, minutes. */

import { sayInstant } from "../lib/time.js";

/** Who does what falls due by itself. */
export const CLOCK = "*clock";

/** A person as others read it. @param {string} user @param {string} [own] who reads it */
export function who(user, own = "") {
  if (user === CLOCK) return "Tasksys";
  return user === own ? "You" : user;
}

/** A duration such as PT30M, in words; blank for none. @param {string} text */
export function sayDuration(text) {
  const found = /^([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text ?? "");
  if (!found) return text ?? "";
  const units = ["week", "day", "hour", "minute", "second"];
  const parts = found.slice(2).map((one, index) => (Number(one) ? `${Number(one)} ${units[index]}${Number(one) === 1 ? "" : "s"}` : "")).filter(Boolean);
  return parts.join(" ");
}

/** A trigger of a reminder, in words. @param {import("./types.js").Trigger | undefined} trigger */
export function sayTrigger(trigger) {
  if (!trigger) return "";
  if ("at" in trigger) return sayInstant(trigger.at);
  const of = trigger.of === "start" ? "it starts" : "it is due";
  if (trigger.before.startsWith("-")) return `${sayDuration(trigger.before.slice(1))} after ${of}`;
  const duration = sayDuration(trigger.before);
  return duration ? `${duration} before ${of}` : `when ${of}`;
}

/** Minutes as people say them, such as 1 h 30 min. @param {number | null} minutes */
export function sayMinutes(minutes) {
  if (!minutes) return "";
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  return [days ? `${days} d` : "", hours ? `${hours} h` : "", minutes % 60 ? `${minutes % 60} min` : ""].filter(Boolean).join(" ");
}

/** Why something was refused; instants are said as they are here. @param {import("./types.js").Problem | null} [problem] */
export function sayProblem(problem) {
  return (problem?.detail ?? "").replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, sayInstant);
}

/** With a capital letter, where a line begins so. @param {string} text */
export function capital(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
