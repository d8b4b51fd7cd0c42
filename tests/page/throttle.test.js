import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "../../static/js/model/throttle.js";

test("a wait ends by itself, earlier, or later if the room says so", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const throttle = new Throttle();
  const seen = [];
  throttle.changed.on(() => {
    if (throttle.until !== seen.at(-1)) seen.push(throttle.until);
  });
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

test("a wait is stable once it has stopped growing", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const throttle = new Throttle();
  const stable = [];
  throttle.changed.on(() => stable.push(throttle.stable));
  throttle.begin(1);
  t.mock.timers.tick(600);
  throttle.begin(4);
  t.mock.timers.tick(999);
  throttle.begin(3);
  assert.deepEqual(stable, [false, false, false]);
  t.mock.timers.tick(1);
  throttle.begin(3);
  assert.deepEqual(stable.slice(3), [true, true]);
  throttle.begin(5);
  assert.equal(throttle.stable, false);
  throttle.end();
});
