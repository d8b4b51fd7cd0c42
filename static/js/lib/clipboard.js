/**
 * Copy a text. Call it in the handler of a click or key: browsers forbid it elsewhere.
 *
 * @param {string} text
 * @returns {Promise<boolean>} Whether it was copied.
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text); // without TLS there is no `navigator.clipboard`, except on localhost
  }
}

/** @param {string} text */
function copyByCommand(text) {
  const allow = (/** @type {Event} */ event) => event.preventDefault();
  const copy = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  // Chromium enables the command for an empty selection only if this event is handled.
  document.addEventListener("beforecopy", allow);
  document.addEventListener("copy", copy, { capture: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", copy, { capture: true });
  document.removeEventListener("beforecopy", allow);
  return done;
}
