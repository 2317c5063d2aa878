/**
 * Who uses this page, and how requests say so: a token, or, where the server asks for none, a name of one's choice.
 *
 * A token is kept for this tab alone (`sessionStorage`); a name, which opens nothing, for the next visit too.
 */

const TOKEN = "tasksys.token";
const ACTOR = "tasksys.actor";

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN) ?? "";
  },
  set token(value) {
    if (value) sessionStorage.setItem(TOKEN, value);
    else sessionStorage.removeItem(TOKEN);
  },
  get actor() {
    return sessionStorage.getItem(ACTOR) ?? localStorage.getItem(ACTOR) ?? "";
  },
  set actor(value) {
    sessionStorage.setItem(ACTOR, value);
    localStorage.setItem(ACTOR, value);
  },
  /** Whose data on this device these are. The server says who asks; here a token is believed. */
  get user() {
    return subject(this.token) || this.actor || "local";
  },
};

/** The `sub` of a token, unverified; blank if there is none. @param {string} token */
function subject(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return String(JSON.parse(text).sub ?? "");
  } catch {
    return "";
  }
}

/** The headers that say who asks. @returns {Record<string, string>} */
export function credentials() {
  if (session.token) return { Authorization: `Bearer ${session.token}` };
  return session.actor ? { "Tasksys-Actor": session.actor } : {};
}

/** The same for a WebSocket, which takes no headers: as subprotocols. @returns {string[]} */
export function subprotocols() {
  if (session.token) return ["tasksys.v1", `tasksys.bearer.${session.token}`];
  return session.actor ? ["tasksys.v1", `tasksys.actor.${base64url(session.actor)}`] : ["tasksys.v1"];
}

/** @param {string} text */
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
