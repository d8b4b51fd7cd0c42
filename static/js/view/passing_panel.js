import { Signal } from "../lib/signal.js";

/** A window in which popovers are sheets that cover the conversation. */
const NARROW = matchMedia("(max-width: 799px)");

/**
 * A dialog, or a popover that is a sheet in a narrow window: the browser's Back button closes it, but Forward does not
 * open it again, as what it was about may be gone.
 */
export class PassingPanel {
  /** @type {Signal} */
  toggled = new Signal();

  #element;
  #isShown = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
    if (element instanceof HTMLDialogElement) {
      const observer = new MutationObserver(() => this.#set(element.open));
      observer.observe(element, { attributeFilter: ["open"] });
    } else {
      element.addEventListener("beforetoggle", ({ newState }) =>
        this.#set(newState === "open" && NARROW.matches),
      );
    }
  }

  get isOpen() {
    return this.#isShown;
  }

  /** Have the history leave its entry. */
  open() {
    this.toggled.emit();
  }

  close() {
    if (this.#element instanceof HTMLDialogElement) this.#element.close();
    else this.#element.hidePopover();
  }

  /** @param {boolean} shown */
  #set(shown) {
    this.#isShown = shown;
    this.toggled.emit();
  }
}
