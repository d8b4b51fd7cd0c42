/** Milliseconds between two looks at the clock. */
const INTERVAL = 2_000;

/** Milliseconds by which a look must be late: a page that is only busy is not asleep. */
const LATE = 3_000;

/**
 * Find out that the machine or the page has slept: its timers stood still, while the clock went on.
 * Browsers have events for some of these cases only.
 * @param {() => void} onAwake
 */
export function watchSleep(onAwake) {
  let due = Date.now() + INTERVAL;
  return setInterval(() => {
    const late = Date.now() - due;
    due = Date.now() + INTERVAL;
    if (late > LATE) onAwake();
  }, INTERVAL);
}
