import assert from "node:assert/strict";
import { test } from "node:test";
import { Signal } from "../../static/js/lib/signal.js";

test("a listener that fails stops no other, and its error is reported", t => {
  const reported = [];
  t.mock.method(globalThis, "queueMicrotask", task => reported.push(task));
  const signal = new Signal();
  const heard = [];
  signal.on(value => heard.push(value));
  signal.on(() => {
    throw new RangeError("no");
  });
  signal.on(value => heard.push(value));
  signal.emit("yes");
  assert.deepEqual(heard, ["yes", "yes"]);
  assert.equal(reported.length, 1);
  assert.throws(reported[0], RangeError);
});
