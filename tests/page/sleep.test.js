import assert from "node:assert/strict";
import { test } from "node:test";
import { watchSleep } from "../../static/js/lib/sleep.js";

test("timers that stood still while the clock went on are sleep, a busy page is not", t => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  let count = 0;
  const watching = watchSleep(() => {
    count += 1;
  });
  const run = () => {
    for (let look = 0; look < 10; look++) t.mock.timers.tick(2000);
  };
  run();
  assert.equal(count, 0);
  t.mock.timers.setTime(Date.now() + 1000);
  run();
  assert.equal(count, 0);
  t.mock.timers.setTime(Date.now() + 30_000);
  run();
  assert.equal(count, 1);
  clearInterval(watching);
});
