import assert from "node:assert/strict";
import { test } from "node:test";
import { after, countDown } from "../../static/js/lib/timer.js";

test("a time too long for browsers does not elapse at once", t => {
  const timer = t.mock.method(globalThis, "setTimeout", () => {});
  after(3, () => {});
  after(10 * 366 * 24 * 3600, () => {});
  assert.deepEqual(
    timer.mock.calls.map(call => call.arguments[1]),
    [3000, 2 ** 31 - 1],
  );
});

test("a countdown reports the seconds left, down to 0", t => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: 0 });
  const told = [];
  countDown(1500, left => told.push(left));
  for (let quarter = 0; quarter < 6; quarter++) t.mock.timers.tick(250);
  assert.deepEqual(told, [2, 2, 1, 1, 1, 1, 0]);
});
