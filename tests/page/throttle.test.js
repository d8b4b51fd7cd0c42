import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "../../static/js/throttle.js";

test("a wait ends by itself, or before, or later if the room says so", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const throttle = new Throttle();
  const seen = [];
  throttle.changed.on(() => seen.push(throttle.until));
  throttle.begin(3);
  t.mock.timers.tick(2000);
  throttle.begin(3);
  t.mock.timers.tick(2999);
  assert.equal(throttle.until, 6000);
  t.mock.timers.tick(1);
  throttle.end();
  throttle.begin(3);
  throttle.end();
  t.mock.timers.tick(3000);
  assert.deepEqual(seen, [4000, 6000, 0, 9000, 0]);
});
