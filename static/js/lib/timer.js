/** Milliseconds that a browser can wait; what is to be later than this comes at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * @param {number} seconds
 * @param {() => void} action  Called once they have passed, or the 24 days that can be waited for.
 */
export function after(seconds, action) {
  return setTimeout(action, Math.min(seconds * 1000, LONGEST));
}

/**
 * @param {number} end  `Date.now()` then.
 * @param {(left: number) => void} tell  Called now and on, with the seconds left; at the end with 0.
 */
export function countDown(end, tell) {
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) clearInterval(ticking);
    tell(left);
  };
  const ticking = setInterval(tick, 250);
  tick();
  return ticking;
}
