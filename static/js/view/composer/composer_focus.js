import { byId } from "../../lib/dom.js";

/** Where keys have a meaning of their own. */
const KEPT = "input, textarea, select, dialog, [popover]";

/** Leads to the composer: with Escape from the conversation, and by just typing where no field has the focus. */
export class ComposerFocus {
  #text = byId("textarea", "composer-text");
  #transcript = byId("div", "transcript");

  constructor() {
    // Behind the listeners at the document, which may have a use for the key.
    window.addEventListener("keydown", event => {
      const { target } = event;
      if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey) return;
      const isLeaving = event.key === "Escape" && this.#transcript.contains(target);
      if (isLeaving || this.#isTyping(event, target)) this.#text.focus({ preventScroll: true });
    });
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Element} target
   */
  #isTyping({ key, defaultPrevented, isComposing }, target) {
    if (defaultPrevented || isComposing || key === " " || [...key].length !== 1) return false;
    return !target.closest(KEPT) && !document.querySelector("dialog:modal") && this.#text.checkVisibility();
  }
}
