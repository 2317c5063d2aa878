/**
 * A list of any length: only what is in view is in the page. Heights are known beforehand, so that nothing jumps.
 *
 * `items` are shown by `row(item, index)`; `size(item)` is the height in pixels, `name(item)` what it is known by.
 */

import { Part, h } from "../lib/dom.js";

/** Pixels above and below the view that are rendered too. */
const MARGIN = 400;

/**
 * @typedef {{
 *   items: readonly any[], row: (item: any, index: number) => import("../lib/dom.js").Content,
 *   size: (item: any) => number, name: (item: any) => string,
 * }} Given
 */

/** @extends {Part<Given>} */
export class VirtualList extends Part {
  /** Where each item begins, and where the last one ends. @type {number[]} */
  #tops = [0];
  /** @type {readonly any[] | null} */
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

  #scrolled = () => this.refresh();

  /** Heights may have changed (the window did). */
  remeasure() {
    this.#measured = null;
    this.refresh();
  }

  #measure() {
    if (this.#measured === this.given.items) return;
    this.#measured = this.given.items;
    this.#tops = [0];
    for (const item of this.given.items) this.#tops.push((this.#tops.at(-1) ?? 0) + this.given.size(item));
  }

  /** The first item that ends below that height. @param {number} height */
  #at(height) {
    let low = 0;
    let high = this.given.items.length;
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
    if (top < this.scrollTop) this.scrollTo({ top: Math.max(0, top - 48) });
    else if (bottom > this.scrollTop + this.clientHeight) this.scrollTo({ top: bottom - this.clientHeight + 16 });
    this.render();
  }

  /** The item at a height of the page, for what is dropped there. @param {number} y @returns {{index: number, after: boolean}} */
  indexAt(y) {
    this.#measure();
    const inside = y - this.getBoundingClientRect().top + this.scrollTop;
    const index = Math.min(this.#at(inside), this.given.items.length - 1);
    const middle = ((this.#tops[index] ?? 0) + (this.#tops[index + 1] ?? 0)) / 2;
    return { index, after: inside > middle };
  }

  view() {
    if (!this.given.items) return null;
    this.#measure();
    const first = this.#at(this.scrollTop - MARGIN);
    const last = Math.min(this.given.items.length, this.#at(this.scrollTop + (this.clientHeight || 800) + MARGIN) + 1);
    const rows = [];
    for (let index = first; index < last; index++) {
      const item = this.given.items[index];
      rows.push(
        h("div", { key: this.given.name(item), class: "virtual-row", role: "presentation", style: { transform: `translateY(${this.#tops[index]}px)`, height: `${this.given.size(item)}px` } },
          this.given.row(item, index)),
      );
    }
    return h("div", { class: "virtual-space", role: "presentation", style: { height: `${this.#tops.at(-1)}px` } }, rows);
  }
}

customElements.define("virtual-list", VirtualList);
