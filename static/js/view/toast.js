import { byId } from "../lib/dom.js";

/** Milliseconds for which a short word stays. */
const SHOWN = 4000;

/** A short word about something just done, which goes away by itself. */
export class Toast {
  #element = byId("p", "toast");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} words */
  show(words) {
    clearTimeout(this.#timer);
    this.#element.textContent = words;
    this.#element.classList.add("shown");
    this.#timer = setTimeout(() => this.#element.classList.remove("shown"), SHOWN);
  }
}
