const FIRST = 500;
const LONGEST = 15_000;
const LONGEST_REFUSED = 2000;
const REFUSALS = 15;
const LONGEST_SPREAD = 60_000;

/**
 * Waits between attempts to reconnect, in milliseconds: 0.5 s, doubling up to 15 s, each drawn
 * evenly from the upper half of its value, so that clients that lost the same server spread out.
 * After the first 15 refusals for want of a place a wait is 2 s at most: most are soon over.
 */
export class Backoff {
  #attempts = 0;
  #refusals = 0;
  #random;

  /** @param {() => number} random  Returns numbers from 0 to 1. */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /**
   * @param {boolean} [refused]  Whether there was no place for us.
   * @returns {number} Milliseconds to wait before the next attempt.
   */
  next(refused = false) {
    if (refused) this.#refusals += 1;
    const longest = refused && this.#refusals <= REFUSALS ? LONGEST_REFUSED : LONGEST;
    const delay = Math.min(FIRST * 2 ** this.#attempts, longest);
    this.#attempts += 1;
    return delay * (0.5 + this.#random() / 2);
  }

  /**
   * @param {number} seconds  Over which the room wants its clients to come back.
   * @returns {number} Milliseconds to wait before the next attempt.
   */
  within(seconds) {
    return this.#random() * Math.min(Math.max(0, seconds * 1000), LONGEST_SPREAD);
  }

  /** Start again with the shortest wait: the room was reached. */
  reset() {
    this.#attempts = 0;
    this.#refusals = 0;
  }
}
