/**
 * Dragging by pointer, with mouse, pen and finger alike (a finger holds still for a moment first, so that it can scroll).
 *
 * The element that is dragged is dimmed, a copy follows the pointer, and `over` may show where it would go.
 */

/** Pixels that the pointer moves before it is a drag, and milliseconds that a finger rests. */
const DISTANCE = 6;
const HOLD = 280;

/** Pixels from an edge within which the container scrolls along. */
const EDGE = 48;

/**
 * @param {HTMLElement} container
 * @param {{
 *   handle: string, start: (element: HTMLElement) => string | null,
 *   drop: (id: string, y: number, x: number) => void, over?: (id: string, y: number, x: number) => void, end?: () => void,
 *   scroller?: () => HTMLElement | null, head?: () => number,
 * }} options `head` is the height of what stays at the top while the rest scrolls
 */
export function dragging(container, { handle, start, drop, over, end, scroller = () => container, head = () => 0 }) {
  container.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || /** @type {Element} */ (down.target).closest("button, a, input, textarea, select")) return;
    const element = /** @type {HTMLElement | null} */ (/** @type {Element} */ (down.target).closest(handle));
    const id = element && start(element);
    if (!element || !id) return;
    /** @type {HTMLElement | null} */
    let ghost = null;
    let held = down.pointerType !== "touch";
    let [x, y] = [down.clientX, down.clientY];
    const holding = setTimeout(() => {
      held = true;
      if (down.pointerType === "touch") begin();
    }, HOLD);
    const begin = () => {
      if (ghost) return;
      const box = element.getBoundingClientRect();
      ghost = /** @type {HTMLElement} */ (element.cloneNode(true));
      ghost.removeAttribute("id");
      ghost.classList.add("drag-ghost");
      ghost.style.setProperty("width", `${box.width}px`);
      ghost.style.setProperty("left", `${box.left}px`);
      ghost.style.setProperty("top", `${box.top}px`);
      document.body.append(ghost);
      element.classList.add("dragged");
      document.body.classList.add("dragging");
      scrolling();
    };
    const scrolling = () => {
      const area = scroller();
      if (!ghost || !area) return;
      const box = area.getBoundingClientRect();
      const top = box.top + head();
      if (y < top + EDGE && (top === box.top || y > top)) area.scrollTop -= 12;
      else if (y > box.bottom - EDGE) area.scrollTop += 12;
      if (x < box.left + EDGE) area.scrollLeft -= 12;
      else if (x > box.right - EDGE) area.scrollLeft += 12;
      requestAnimationFrame(scrolling);
    };
    const move = (/** @type {PointerEvent} */ event) => {
      [x, y] = [event.clientX, event.clientY];
      const far = Math.hypot(x - down.clientX, y - down.clientY) > DISTANCE;
      if (!ghost && far && !held) return finish(); // a finger that scrolls
      if (!ghost && far) begin();
      if (!ghost) return;
      event.preventDefault();
      ghost.style.setProperty("transform", `translate(${x - down.clientX}px, ${y - down.clientY}px)`);
      over?.(id, y, x);
    };
    const up = () => {
      const dropped = Boolean(ghost);
      finish();
      if (!dropped) return;
      addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
      drop(id, y, x);
    };
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !ghost) return;
      event.stopPropagation();
      finish();
    };
    const touch = (/** @type {TouchEvent} */ event) => {
      if (ghost) event.preventDefault();
    };
    const finish = () => {
      clearTimeout(holding);
      ghost?.remove();
      ghost = null;
      element.classList.remove("dragged");
      document.body.classList.remove("dragging");
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", finish);
      removeEventListener("keydown", key, true);
      container.removeEventListener("touchmove", touch);
      end?.();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", finish);
    addEventListener("keydown", key, true);
    container.addEventListener("touchmove", touch, { passive: false });
  });
}

/** @param {Event} event */
function swallow(event) {
  event.stopPropagation();
  event.preventDefault();
}
