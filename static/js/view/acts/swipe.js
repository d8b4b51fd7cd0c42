/** Pixels by which a finger goes to the left before the row follows it, and from where on it answers. */
const BEGIN = 14;
const FAR = 64;

/** Pixels at the edges of the screen: a finger from there goes back or forward in the browser. */
const EDGE = 28;

/** Where a finger scrolls sideways, or presses. */
const THEIRS = "pre, button, input, .selectable";

/**
 * Let a finger pull a row of the list to the left; its style has `touch-action: pan-y` there.
 * @param {HTMLElement} list
 * @param {(target: Element) => HTMLElement | null} rowOf  The row to pull at this element, if it may be.
 * @param {(row: HTMLElement) => void} done  It was pulled far enough.
 */
export function onSwipe(list, rowOf, done) {
  /** @type {HTMLElement | null} */
  let row = null;
  let from = { x: 0, y: 0 };
  let isPulled = false;
  const pulled = (/** @type {PointerEvent} */ event) => Math.max(0, from.x - event.clientX - BEGIN);

  list.addEventListener("pointerdown", event => {
    const { target, pointerType, isPrimary, clientX: x, clientY: y } = event;
    const isInside = x > EDGE && x < innerWidth - EDGE;
    const isOurs = target instanceof Element && !target.closest(THEIRS);
    row = pointerType === "touch" && isPrimary && isInside && isOurs ? rowOf(target) : null;
    from = { x, y };
    isPulled = false;
  });
  list.addEventListener("pointermove", event => {
    if (!row) return;
    if (!isPulled) {
      const [across, down] = [from.x - event.clientX, Math.abs(event.clientY - from.y)];
      if (down > BEGIN || across < -BEGIN) row = null;
      if (!row || across < BEGIN || across < 2 * down) return;
      isPulled = true;
      row.setPointerCapture(event.pointerId);
      row.classList.add("pulled");
    }
    row.style.transform = `translateX(${-Math.min(pulled(event), FAR + pulled(event) / 8)}px)`;
    row.classList.toggle("pulled-far", pulled(event) >= FAR);
  });
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    list.addEventListener(type, event => {
      const [ended, isFar] = [row, type === "pointerup" && isPulled && pulled(event) >= FAR];
      row = null;
      if (!ended || !isPulled) return;
      ended.style.transform = "";
      ended.classList.remove("pulled", "pulled-far");
      if (isFar) done(ended);
    });
  }
}
