/** Widths of the window at which the page looks otherwise; the styles have the same ones. */

/** A phone: rows have two lines, and the calendar lists its days. */
export const phone = matchMedia("(max-width: 719px)");

/** There is room for one thing at a time: a task covers the page. */
export const single = matchMedia("(max-width: 819px)");
