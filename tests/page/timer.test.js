import assert from "node:assert/strict";
import { test } from "node:test";
import { after } from "../../static/js/timer.js";

test("what no browser can wait for does not come at once", t => {
  const timer = t.mock.method(globalThis, "setTimeout", () => {});
  after(3, () => {});
  after(10 * 366 * 24 * 3600, () => {});
  assert.deepEqual(
    timer.mock.calls.map(call => call.arguments[1]),
    [3000, 2 ** 31 - 1],
  );
});
