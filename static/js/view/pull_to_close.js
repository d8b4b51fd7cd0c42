/** Pixels by which a sheet is pulled down until it closes. */
const FAR = 70;

/**
 * Let a finger pull down a sheet that comes from below, as on narrow screens, by its head.
 * @param {HTMLElement} sheet
 * @param {HTMLElement} head  Of the sheet; its style has `touch-action: none` there.
 * @param {() => void} close
 */
export function pullToClose(sheet, head, close) {
  let from = Number.NaN;
  const moved = (/** @type {PointerEvent} */ event) => Math.max(0, event.clientY - from);
  head.addEventListener("pointerdown", event => {
    if (event.pointerType !== "touch" || getComputedStyle(head).touchAction !== "none") return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    from = event.clientY;
    head.setPointerCapture(event.pointerId);
  });
  head.addEventListener("pointermove", event => {
    if (!Number.isNaN(from)) sheet.style.transform = `translateY(${moved(event)}px)`;
  });
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    head.addEventListener(type, event => {
      const far = type === "pointerup" && moved(event) > FAR;
      from = Number.NaN;
      sheet.style.transform = "";
      if (far) close();
    });
  }
}
