/**
 * A virtual DOM in a page: pages are functions that say what is to be seen, and `patch` changes only what differs.
 *
 * What a person has typed is theirs: a property is set when what is to be seen changes, not when the element differs.
 */

/**
 * @typedef {{tag: string, key: string | number | undefined, props: Record<string, any>, children: Child[], node?: Element}} VNode
 * @typedef {VNode | string} Child
 * @typedef {Child | number | false | null | undefined | readonly Content[]} Content
 */

/** Elements whose children were put there by `patch`, with what it put. @type {WeakMap<Element | DocumentFragment, Child[]>} */
const rendered = new WeakMap();

/** The nodes of those children, in the same order. @type {WeakMap<Element | DocumentFragment, Node[]>} */
const nodes = new WeakMap();

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "circle", "rect", "line", "g", "polyline"]);

/**
 * An element that is to be seen. `class`, `aria-…`, `data-…` and `role` are attributes; `on…` are listeners; `key` tells
 * siblings apart; `hook` is called once with the new element; anything else is a property if the element has it.
 * @param {string} tag @param {Record<string, any> | null} [props] @param {...Content} children @returns {VNode}
 */
export function h(tag, props, ...children) {
  const { key, ...rest } = props ?? {};
  return { tag, key, props: rest, children: flat(children) };
}

/** @param {readonly Content[]} content @param {Child[]} into @returns {Child[]} */
function flat(content, into = []) {
  for (const one of content) {
    if (Array.isArray(one)) flat(one, into);
    else if (typeof one === "number") into.push(String(one));
    else if (one !== null && one !== undefined && one !== false && one !== "") into.push(/** @type {Child} */ (one));
  }
  return into;
}

/**
 * Makes the children of `parent` be those given. Whoever else put children there loses them.
 * @param {Element | DocumentFragment} parent @param {...Content} content
 */
export function patch(parent, ...content) {
  const next = flat(content);
  const before = rendered.get(parent) ?? [];
  const beforeNodes = nodes.get(parent) ?? [];
  if (!rendered.has(parent)) parent.replaceChildren();
  const keyed = new Map();
  /** @type {number[]} */
  const plain = [];
  before.forEach((child, index) => {
    const key = typeof child === "string" ? undefined : child.key;
    if (key === undefined) plain.push(index);
    else keyed.set(`${/** @type {VNode} */ (child).tag}\0${key}`, index);
  });
  const used = new Set();
  let cursor = 0;
  const matches = next.map((child) => {
    if (typeof child !== "string" && child.key !== undefined) {
      const found = keyed.get(`${child.tag}\0${child.key}`);
      if (found !== undefined && !used.has(found)) return used.add(found), found;
      return -1;
    }
    for (let at = cursor; at < plain.length; at++) {
      if (alike(before[plain[at]], child)) {
        cursor = at + 1;
        used.add(plain[at]);
        return plain[at];
      }
    }
    return -1;
  });
  beforeNodes.forEach((node, index) => {
    if (!used.has(index)) /** @type {ChildNode} */ (node).remove();
  });
  let place = parent.firstChild;
  const made = next.map((child, index) => {
    const match = matches[index];
    const node = match < 0 ? create(child) : update(beforeNodes[match], before[match], child);
    if (node === place) place = node.nextSibling;
    else insert(parent, node, place);
    return node;
  });
  rendered.set(parent, next);
  nodes.set(parent, made);
}

/** @param {Child} before @param {Child} after */
function alike(before, after) {
  if (typeof before === "string" || typeof after === "string") return typeof before === typeof after;
  return before.tag === after.tag && before.key === after.key;
}

/** Moves a node that is there already without taking the focus from it, where the browser can. */
function insert(/** @type {any} */ parent, /** @type {Node} */ node, /** @type {Node | null} */ place) {
  if (node.parentNode === parent && typeof parent.moveBefore === "function") parent.moveBefore(node, place);
  else parent.insertBefore(node, place);
}

/** @param {Child} child @returns {Node} */
function create(child) {
  if (typeof child === "string") return document.createTextNode(child);
  const svg = SVG_TAGS.has(child.tag);
  const element = svg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  for (const [name, value] of Object.entries(child.props)) set(element, name, undefined, value);
  if (!isOwner(element)) patch(element, child.children);
  child.props.hook?.(element);
  return element;
}

/** @param {Node} node @param {Child} before @param {Child} after */
function update(node, before, after) {
  if (typeof before === "string" || typeof after === "string") {
    if (before !== after) node.nodeValue = /** @type {string} */ (after);
    return node;
  }
  if (before === after) return node;
  const element = /** @type {Element} */ (node);
  for (const name of Object.keys(before.props)) {
    if (!(name in after.props)) set(element, name, before.props[name], undefined);
  }
  for (const [name, value] of Object.entries(after.props)) {
    if (before.props[name] !== value) set(element, name, before.props[name], value);
  }
  if (!isOwner(element)) patch(element, after.children);
  return node;
}

/** Custom elements that render their own children. @param {Element} element */
function isOwner(element) {
  return "ownsChildren" in element;
}

/** @param {any} element @param {string} name @param {any} before @param {any} value */
function set(element, name, before, value) {
  if (name === "hook") return;
  if (name.startsWith("on")) {
    const type = name.slice(2);
    if (before) element.removeEventListener(type, before);
    if (value) element.addEventListener(type, value);
  } else if (name === "style") {
    for (const property of Object.keys(before ?? {})) if (!value || !(property in value)) element.style.removeProperty(property);
    for (const [property, one] of Object.entries(value ?? {})) element.style.setProperty(property, String(one));
  } else if (name in element && !(element instanceof SVGElement) && name !== "list" && name !== "form") {
    element[name] = value ?? (typeof element[name] === "string" ? "" : typeof element[name] === "boolean" ? false : null);
  } else if (value === undefined || value === null || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** What the field of an event holds. @param {Event} event */
export function valueOf(event) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;
}

/**
 * A custom element that renders itself: `view()` says what is in it, from what it is `given`. It is rendered anew, once,
 * after it is given something else, or says that it must be (`refresh`).
 * @template T
 */
export class Part extends HTMLElement {
  /** Tells `patch` that the children are its own. */
  ownsChildren = true;

  #waiting = false;

  /** @type {T} */
  #given = /** @type {any} */ ({});

  /** What its owner gives it. @returns {T} */
  get given() {
    return this.#given;
  }

  set given(value) {
    this.#given = value;
    this.refresh();
  }

  connectedCallback() {
    this.refresh();
  }

  /** Renders anew, soon. */
  refresh() {
    if (this.#waiting || !this.isConnected) return;
    this.#waiting = true;
    queueMicrotask(() => {
      this.#waiting = false;
      if (this.isConnected) this.render();
    });
  }

  /** Renders anew, now. */
  render() {
    patch(this, this.view());
  }

  /** What is in it. @returns {Content} */
  view() {
    return null;
  }
}
