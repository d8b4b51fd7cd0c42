import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";

/** Seconds for which the end must not move before it counts as stable. */
const STABLE_AFTER = 1;
/** Milliseconds by which the end may move and still counts as the same. */
const TOLERANCE = 250;

/** Until when the room makes us wait, because we send too fast. */
export class Throttle {
  /** @type {Signal} */
  changed = new Signal();
  /** When everything will have been sent, as by `Date.now()`; 0 while nothing waits. */
  until = 0;

  /** Whether `until` has not moved for a while: only then is it worth showing as a number. */
  stable = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #stableTimer;

  /** @param {number} seconds  From now on. */
  begin(seconds) {
    clearTimeout(this.#timer);
    this.#timer = after(seconds, () => this.end());
    const until = Date.now() + seconds * 1000;
    if (until > this.until + TOLERANCE) this.#restartStableTimer();
    this.until = until;
    this.changed.emit();
  }

  /** Nothing waits any more. */
  end() {
    if (this.until === 0) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#stableTimer);
    this.until = 0;
    this.changed.emit();
  }

  #restartStableTimer() {
    clearTimeout(this.#stableTimer);
    this.stable = false;
    this.#stableTimer = after(STABLE_AFTER, () => {
      this.stable = true;
      this.changed.emit();
    });
  }
}
