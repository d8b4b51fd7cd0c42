/** The longest timeout of browsers, in milliseconds; they run a longer one at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Call a function later, but after at most 24 days.
 * @param {number} seconds
 * @param {() => void} action
 */
export function after(seconds, action) {
  return setTimeout(action, Math.min(seconds * 1000, LONGEST));
}

/**
 * Count down to a time. `clearInterval` with the result stops it.
 * @param {number} end  The time, as by `Date.now()`.
 * @param {(left: number) => void} onTick  Called from now on, with the whole seconds left; at the end with 0.
 */
export function countDown(end, onTick) {
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) clearInterval(ticking);
    onTick(left);
  };
  const ticking = setInterval(tick, 250);
  tick();
  return ticking;
}
