/**
 * A list of any length: only what is in view is in the page. Heights are known beforehand, so that nothing jumps.
 *
 * `items` are shown by `row(item, index)`; `size(item)` is the height in pixels, `name(item)` what it is known by.
 */

import { Part, h } from "../lib/dom.js";

/** Pixels above and below the view that are rendered too. */
const MARGIN = 400;

export class VirtualList extends Part {
  static fields = ["items", "row", "size", "name"];

  /** Where each item begins, and where the last one ends. @type {number[]} */
  #tops = [0];
  /** @type {any[] | null} */
  #measured = null;
  #observer = new ResizeObserver(() => this.refresh());

  connectedCallback() {
    super.connectedCallback();
    this.#observer.observe(this);
    this.addEventListener("scroll", this.#scrolled, { passive: true });
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.removeEventListener("scroll", this.#scrolled);
  }

  constructor() {
    super();
    /** @type {any[]} */ this.items;
    /** @type {(item: any, index: number) => import("../lib/dom.js").Content} */ this.row;
    /** @type {(item: any) => number} */ this.size;
    /** @type {(item: any) => string} */ this.name;
  }

  #scrolled = () => this.refresh();

  /** Heights may have changed (the window did). */
  remeasure() {
    this.#measured = null;
    this.refresh();
  }

  #measure() {
    if (this.#measured === this.items) return;
    this.#measured = this.items;
    this.#tops = [0];
    for (const item of this.items) this.#tops.push((this.#tops.at(-1) ?? 0) + this.size(item));
  }

  /** The first item that ends below that height. @param {number} height */
  #at(height) {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle + 1] > height) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Scrolls an item into view. @param {number} index */
  show(index) {
    this.#measure();
    const top = this.#tops[index] ?? 0;
    const bottom = this.#tops[index + 1] ?? top;
    if (top < this.scrollTop) this.scrollTop = Math.max(0, top - 48);
    else if (bottom > this.scrollTop + this.clientHeight) this.scrollTop = bottom - this.clientHeight + 16;
    this.render();
  }

  /** The item at a height of the page, for what is dropped there. @param {number} y @returns {{index: number, after: boolean}} */
  indexAt(y) {
    this.#measure();
    const inside = y - this.getBoundingClientRect().top + this.scrollTop;
    const index = Math.min(this.#at(inside), this.items.length - 1);
    const middle = ((this.#tops[index] ?? 0) + (this.#tops[index + 1] ?? 0)) / 2;
    return { index, after: inside > middle };
  }

  view() {
    if (!this.items) return null;
    this.#measure();
    const first = this.#at(this.scrollTop - MARGIN);
    const last = Math.min(this.items.length, this.#at(this.scrollTop + (this.clientHeight || 800) + MARGIN) + 1);
    const rows = [];
    for (let index = first; index < last; index++) {
      const item = this.items[index];
      rows.push(
        h("div", { key: this.name(item), class: "virtual-row", style: { transform: `translateY(${this.#tops[index]}px)`, height: `${this.size(item)}px` } },
          this.row(item, index)),
      );
    }
    return h("div", { class: "virtual-space", style: { height: `${this.#tops.at(-1)}px` } }, rows);
  }
}

VirtualList.define("virtual-list");
