/** Milliseconds that a browser can wait; what is to be later than this comes at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * @param {number} seconds
 * @param {() => void} action  Called once they have passed, or the 24 days that can be waited for.
 */
export function after(seconds, action) {
  return setTimeout(action, Math.min(seconds * 1000, LONGEST));
}
