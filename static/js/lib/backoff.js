const FIRST = 500;
const LONGEST = 20_000;

/**
 * How long to wait before the next try: 0.5 s, doubling up to 20 s, each scattered
 * by half, so that everybody who lost the same server does not come back at once.
 */
export class Backoff {
  #tries = 0;
  #random;

  /** @param {() => number} random  Gives numbers from 0 to 1. */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** @returns {number} Milliseconds to wait now; the next answer is longer. */
  next() {
    const delay = Math.min(FIRST * 2 ** this.#tries, LONGEST);
    this.#tries += 1;
    return delay * (0.5 + this.#random() / 2);
  }

  /** Begin again with short waits: the room was reached. */
  reset() {
    this.#tries = 0;
  }
}
