import { Signal } from "./signal.js";

/** Until when the room lets us wait, because we write faster than one may. */
export class Throttle {
  /** @type {Signal} */
  changed = new Signal();
  /** `Date.now()` at which all will have been sent; 0 while nothing waits. */
  until = 0;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {number} seconds  From now on. */
  begin(seconds) {
    clearTimeout(this.#timer);
    this.until = Date.now() + seconds * 1000;
    this.#timer = setTimeout(() => this.end(), seconds * 1000);
    this.changed.emit();
  }

  /** Nothing waits any more. */
  end() {
    if (this.until === 0) return;
    clearTimeout(this.#timer);
    this.until = 0;
    this.changed.emit();
  }
}
