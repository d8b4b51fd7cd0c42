import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";

/** Seconds without a later end after which it counts as known. */
const SETTLING = 1;
/** Milliseconds within which two ends are the same. */
const SAME = 250;

/** Until when the room lets us wait, because we write faster than one may. */
export class Throttle {
  /** @type {Signal} */
  changed = new Signal();
  /** `Date.now()` at which all will have been sent; 0 while nothing waits. */
  until = 0;

  /** Whether that has not become later for a while: only then is it worth a number. */
  settled = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** @param {number} seconds  From now on. */
  begin(seconds) {
    clearTimeout(this.#timer);
    this.#timer = after(seconds, () => this.end());
    const until = Date.now() + seconds * 1000;
    if (until > this.until + SAME) this.#unsettle();
    this.until = until;
    this.changed.emit();
  }

  /** Nothing waits any more. */
  end() {
    if (this.until === 0) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    this.until = 0;
    this.changed.emit();
  }

  #unsettle() {
    clearTimeout(this.#settling);
    this.settled = false;
    this.#settling = after(SETTLING, () => {
      this.settled = true;
      this.changed.emit();
    });
  }
}
