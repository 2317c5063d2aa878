/**
 * Markdown as elements that are to be seen: never as HTML, so that no text of anybody can be more than text.
 *
 * Whatever the text is, the time that it takes grows with its length and no faster: it may be written to make others wait.
 *
 * Headings, paragraphs, lists (with checks), quotes, code, bold, italic, struck, links to http, https and mailto.
 */

import { h } from "./dom.js";

/** @typedef {import("./dom.js").Content} Content */

/** Quotes and lists within each other that are looked into. */
const DEEPEST = 8;

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/s;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/s;
const TICK = /^\[([ xX])\]\s+(.*)$/s;

/** @param {string} text @param {number} [depth] @returns {Content[]} */
export function markdown(text, depth = 0) {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n");
  /** @type {Content[]} */
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (!line.trim()) at++;
    else if (fence) {
      let last = at + 1;
      while (last < lines.length && !lines[last].trim().startsWith(fence[1])) last++;
      blocks.push(h("pre", { tabIndex: 0 }, h("code", null, lines.slice(at + 1, last).join("\n"))));
      at = last + 1;
    } else if (heading) {
      blocks.push(h(`h${Math.min(6, heading[1].length + 3)}`, null, inline(unclosed(heading[2]))));
      at++;
    } else if (RULE.test(line)) {
      blocks.push(h("hr", null));
      at++;
    } else if (QUOTE.test(line)) {
      const found = [];
      while (at < lines.length && lines[at].trim() && (QUOTE.test(lines[at]) || found.length)) found.push(lines[at++].replace(QUOTE, ""));
      blocks.push(h("blockquote", null, depth < DEEPEST ? markdown(found.join("\n"), depth + 1) : found.join("\n")));
    } else if (ITEM.test(line)) {
      const [list, next] = listAt(lines, at, depth);
      blocks.push(list);
      at = next;
    } else {
      const found = [];
      while (at < lines.length && lines[at].trim() && !begins(lines[at], found.length > 0)) found.push(lines[at++]);
      blocks.push(h("p", null, inline(found.join("\n"))));
    }
  }
  return blocks;
}

/** A heading without the signs that may stand behind it. @param {string} heading */
function unclosed(heading) {
  let end = heading.trimEnd().length;
  while (end && heading[end - 1] === "#") end--;
  return heading.slice(0, end).trimEnd();
}

/** True if a line begins a block that ends a paragraph before it. @param {string} line @param {boolean} inside */
function begins(line, inside) {
  return inside && (FENCE.test(line) || HEADING.test(line) || QUOTE.test(line) || RULE.test(line) || ITEM.test(line));
}

/** @param {string[]} lines @param {number} from @param {number} depth @returns {[Content, number]} the list and where it ends */
function listAt(lines, from, depth) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[from]));
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  /** @type {string[][]} */
  const items = [];
  let at = from;
  for (; at < lines.length; at++) {
    const item = ITEM.exec(lines[at]);
    const own = item && item[1].length <= indent + 1;
    if (own && /\d/.test(item[2]) !== ordered) break;
    if (own && item[1].length < indent) break;
    if (own) items.push([item[3]]);
    else if (!lines[at].trim()) {
      let next = at + 1;
      while (next < lines.length && !lines[next].trim()) next++;
      if (next === lines.length || (!/^\s{2,}/.test(lines[next]) && !ITEM.test(lines[next]))) break;
      for (; at < next; at++) items.at(-1)?.push("");
      at--;
    } else if (/^\s{2,}/.test(lines[at]) || item) items.at(-1)?.push(lines[at].replace(new RegExp(`^\\s{0,${indent + 4}}`), (found) => " ".repeat(Math.max(0, found.length - indent - 2))));
    else if (begins(lines[at], true)) break;
    else items.at(-1)?.push(lines[at]);
  }
  const rows = items.map((item) => {
    const tick = TICK.exec(item[0]);
    const done = tick && tick[1] !== " ";
    const head = inline(tick ? tick[2] : item[0]);
    const rest = item.slice(1).join("\n").trimEnd();
    const inner = rest && depth < DEEPEST ? markdown(rest, depth + 1) : rest;
    return tick
      ? h("li", { class: `md-tick${done ? " done" : ""}` }, h("span", { class: "md-box", role: "img", "aria-label": done ? "Done" : "To do" }, done ? "✓" : ""), h("span", { class: "grow" }, head, inner))
      : h("li", null, head, inner);
  });
  const start = ordered ? Number.parseInt(first[2], 10) : 1;
  return [h(ordered ? "ol" : "ul", ordered && start !== 1 ? { start } : null, rows), at];
}

/** What stands within a line, first things first. @type {[RegExp, (found: string[]) => Content][]} */
const INLINE = [
  [/^\\([\\`*_{}[\]()#+.!~>|-])/, ([, one]) => one],
  [/^(`+)(.{1,2000}?)\1(?!`)/s, ([, , code]) => h("code", null, code.trim() || code)],
  [/^\[((?:[^[\]\\]|\\.){1,500})\]\(\s{0,20}<?((?:[^\s()<>]|\([^\s()<>]{0,2000}\)){1,2000})>?(?:\s{1,20}"[^"]{0,500}")?\s{0,20}\)/, ([whole, text, to]) => anchor(to, inline(text), whole)],
  [/^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/i, ([whole, to]) => anchor(to, to.replace(/^mailto:/i, ""), whole)],
  [/^https?:\/\/[^\s<>"'`]{1,2000}/i, ([whole]) => bare(whole)],
  [/^\*\*(?=\S)(.{1,2000}?\S|\S)\*\*/s, ([, text]) => h("strong", null, inline(text))],
  [/^__(?=\S)(.{1,2000}?\S|\S)__(?!\w)/s, ([, text]) => h("strong", null, inline(text))],
  [/^~~(?=\S)(.{1,2000}?\S|\S)~~/s, ([, text]) => h("s", null, inline(text))],
  [/^\*(?=[^\s*])(.{0,2000}?[^\s*]|[^\s*])\*(?!\*)/s, ([, text]) => h("em", null, inline(text))],
  [/^_(?=[^\s_])(.{0,2000}?[^\s_]|[^\s_])_(?!\w)/s, ([, text]) => h("em", null, inline(text))],
  [/^\n/, () => h("br", null)],
];

/** Where something may begin within a line. */
const MAY = /[\\`[<*_~\n]|https?:\/\//gi;

/** Characters of one paragraph that are looked through; more stay as they are. */
const LONGEST = 20_000;

/** @param {string} text @returns {Content[]} */
function inline(text) {
  /** @type {Content[]} */
  const found = [];
  if (text.length > LONGEST) return [text];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    MAY.lastIndex = at;
    const next = MAY.exec(text);
    if (!next) break;
    plain += text.slice(at, next.index);
    at = next.index;
    const rest = text.slice(at);
    const inWord = /\w/.test(plain.at(-1) ?? "") && /^(_|https?:)/i.test(rest);
    let taken = 0;
    for (const [pattern, make] of inWord ? [] : INLINE) {
      const match = pattern.exec(rest);
      if (!match) continue;
      if (match[0] === "\n") plain = plain.trimEnd();
      if (plain) found.push(plain);
      plain = "";
      found.push(make([...match]));
      taken = match[0].length - (make === bareRule ? trailing(match[0]) : 0);
      break;
    }
    if (taken) at += taken;
    else plain += text[at++];
  }
  plain += text.slice(at);
  if (plain) found.push(plain);
  return found;
}

const bareRule = INLINE[4][1];

/** How much of a bare address is the sentence's: its full stop, its closing bracket. @param {string} address */
function trailing(address) {
  const end = /[.,;:!?*_~]+$/.exec(address)?.[0].length ?? 0;
  const rest = address.slice(0, address.length - end);
  return end + (rest.endsWith(")") && !rest.includes("(") ? 1 : 0);
}

/** @param {string} address */
function bare(address) {
  const to = address.slice(0, address.length - trailing(address));
  return anchor(to, to, to);
}

/** A link, if it leads where links may lead; else its text as it was written. @param {string} to @param {Content} text @param {string} whole */
function anchor(to, text, whole) {
  let url;
  try {
    url = new URL(to);
  } catch {
    return whole;
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return whole;
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}
