import { Signal } from "./signal.js";
import { after } from "./timer.js";

/** Seconds after which the date is compared again at the latest: the clock may be set, or the machine sleep. */
const LONGEST_WAIT = 60;

/** Tells when another day begins where the reader is, and when the reader's time zone changes. */
export class LocalDay {
  /** @type {Signal} */
  changed = new Signal();

  #known = describe();

  constructor() {
    this.#wait();
  }

  /** Compare the date now. Call it whenever the page wakes up: its timers may have slept, too. */
  check() {
    const now = describe();
    if (now === this.#known) return;
    this.#known = now;
    this.changed.emit();
  }

  #wait() {
    const now = new Date();
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
    const left = (midnight.getTime() - now.getTime()) / 1000;
    after(Math.min(left, LONGEST_WAIT), () => {
      this.check();
      this.#wait();
    });
  }
}

/** @returns The day and the time zone. */
function describe() {
  return `${new Date().toDateString()} ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
}
