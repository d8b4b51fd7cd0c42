import { byId } from "../lib/dom.js";

/** Milliseconds for which a message is shown. */
const DURATION = 4000;

/** A short message about something just done, which disappears by itself. */
export class Toast {
  #element = byId("p", "toast");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} text */
  show(text) {
    clearTimeout(this.#timer);
    this.#element.textContent = text;
    this.#element.classList.add("shown");
    this.#timer = setTimeout(() => this.#element.classList.remove("shown"), DURATION);
  }
}
