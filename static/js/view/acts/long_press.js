/** Milliseconds for which a finger rests on a message. */
const DURATION = 450;
/** Pixels by which it may move meanwhile. */
const PLAY = 10;

/** Milliseconds after which a browser has closed what was opened under the finger, where no click follows. */
const LIFTED = 60;

/** Where a long press is the browser's: it opens the menu of a link, or selects code. */
const THEIRS = "a[target], button, pre, .selectable";

/**
 * Call back when a finger rests on an element of the list, and again when it is lifted: browsers then close a popover
 * that was opened under it. Their own menu does not come, nor a click.
 * @param {HTMLElement} list
 * @param {(target: Element) => void} open
 */
export function onLongPress(list, open) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** What the finger rests on, or was lifted from just now. @type {Element | null} */
  let pressed = null;
  let from = { x: 0, y: 0 };
  const cancel = () => clearTimeout(timer);

  document.addEventListener("pointerdown", () => (pressed = null), { capture: true });
  list.addEventListener("pointerdown", ({ target, pointerType, isPrimary, clientX: x, clientY: y }) => {
    cancel();
    if (pointerType !== "touch" || !isPrimary || !(target instanceof Element) || target.closest(THEIRS))
      return;
    from = { x, y };
    timer = setTimeout(() => {
      pressed = target;
      open(target);
    }, DURATION);
  });
  list.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (Math.hypot(clientX - from.x, clientY - from.y) > PLAY) cancel();
  });
  for (const type of ["pointerup", "pointercancel"]) {
    list.addEventListener(type, () => {
      cancel();
      const target = pressed;
      if (target) setTimeout(() => open(target), LIFTED);
    });
  }
  list.addEventListener("contextmenu", event => pressed && event.preventDefault());
  document.addEventListener(
    "click",
    event => {
      if (!pressed || event.detail === 0) return;
      event.preventDefault();
      event.stopPropagation();
      open(pressed);
      pressed = null;
    },
    { capture: true },
  );
}
