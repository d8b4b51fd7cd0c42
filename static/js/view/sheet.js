import { byClass, byId } from "../lib/dom.js";
import { Signal } from "../lib/signal.js";
import { pullToClose } from "./pull_to_close.js";

/** A modal dialog without a form, like the settings: a button, the browser's Back, and a click beside it close it. */
export class Sheet {
  /** @type {Signal} */
  toggled = new Signal();

  #dialog;

  /** @param {string} id  Of the dialog; its close button is `id-close`. */
  constructor(id) {
    this.#dialog = byId("dialog", id);
    byId("button", `${id}-close`).addEventListener("click", () => this.close());
    this.#dialog.addEventListener("click", event => this.#isBeside(event) && this.close());
    pullToClose(this.#dialog, byClass(this.#dialog, "dialog-head"), () => this.close());
    this.#dialog.addEventListener("close", () => this.toggled.emit());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open() {
    if (this.isOpen) return;
    this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
    this.toggled.emit();
  }

  close() {
    this.#dialog.close();
  }

  /** @param {MouseEvent} event @returns {boolean} Whether it is at the backdrop, which is part of the dialog, too. */
  #isBeside({ target, clientX: x, clientY: y }) {
    const { left, right, top, bottom } = this.#dialog.getBoundingClientRect();
    return target === this.#dialog && (x < left || x > right || y < top || y > bottom);
  }
}
