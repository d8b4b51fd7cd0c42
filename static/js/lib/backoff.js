const FIRST = 500;
const LONGEST = 15_000;

/**
 * Waits between attempts to reconnect, in milliseconds: 0.5 s, doubling up to 15 s, each drawn
 * evenly from the upper half of its value, so that clients that lost the same server spread out.
 */
export class Backoff {
  #attempts = 0;
  #random;

  /** @param {() => number} random  Returns numbers from 0 to 1. */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** @returns {number} Milliseconds to wait before the next attempt. */
  next() {
    const delay = Math.min(FIRST * 2 ** this.#attempts, LONGEST);
    this.#attempts += 1;
    return delay * (0.5 + this.#random() / 2);
  }

  /** Start again with the shortest wait: the room was reached. */
  reset() {
    this.#attempts = 0;
  }
}
