/** Requests to the server. What it refuses is thrown as a `Refused` with its problem; no network is an `Offline`. */

import { credentials } from "./session.js";

/** @typedef {import("../model/types.js").Problem} Problem */

export class Refused extends Error {
  /** @param {Problem} problem @param {number} status */
  constructor(problem, status) {
    super(problem.detail || problem.title);
    this.problem = problem;
    this.status = status;
  }
}

export class Offline extends Error {
  constructor() {
    super("The server cannot be reached. What is on this page stays, and what you change is sent later.");
  }
}

/**
 * @param {string} method @param {string} path below /api/v1
 * @param {{body?: any, raw?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal, accept?: "json" | "blob"}} [options]
 * @returns {Promise<any>}
 */
export async function request(method, path, { body, raw, headers = {}, signal, accept = "json" } = {}) {
  const sent = body === undefined ? raw : JSON.stringify(body);
  /** @type {Record<string, string>} */
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, body: sent, signal, headers: { ...credentials(), ...type, ...headers } });
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") throw error;
    throw new Offline();
  }
  if (response.ok) {
    if (accept === "blob") return response.blob();
    return response.status === 204 ? null : response.json();
  }
  throw new Refused(await problemOf(response), response.status);
}

/** @param {Response} response @returns {Promise<Problem>} */
async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { title: response.statusText, status: response.status, code: "unknown", detail: `The server answered ${response.status}.` };
  }
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export function get(path, query = {}, signal) {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  const text = new URLSearchParams(wanted.map(([name, value]) => [name, String(value)])).toString();
  return request("GET", text ? `${path}?${text}` : path, { signal });
}

/** @param {string} path @param {any} body @param {AbortSignal} [signal] */
export function post(path, body, signal) {
  return request("POST", path, { body, signal });
}

/** The whole of a list that comes in pages, at most `most` items. @param {string} path @param {Record<string, any>} [query] @param {number} [most] */
export async function all(path, query = {}, most = 2_000) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...query, cursor, limit: 200 });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items;
}
