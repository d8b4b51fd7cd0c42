/** Pixels that a keyboard takes at least: less is a bar of the browser that comes and goes. */
const KEYBOARD = 120;

/**
 * Keep the page within what is seen above a keyboard on the screen, where the browser lays the keyboard over the page
 * and moves the page up, as Safari does; others make the page smaller themselves (`interactive-widget` in its head).
 */
export function keepAboveKeyboard() {
  const seen = window.visualViewport;
  if (!seen) return;
  const follow = () => {
    // Zoomed by its reader, it is to stay as large as it is.
    const isCovered = innerHeight - seen.height > KEYBOARD && Math.abs(seen.scale - 1) < 0.01;
    const { style } = document.documentElement;
    if (!isCovered) style.removeProperty("--seen");
    else {
      style.setProperty("--seen", `${Math.round(seen.height)}px`);
      scrollTo(0, 0);
    }
  };
  seen.addEventListener("resize", follow);
  seen.addEventListener("scroll", follow);
}
