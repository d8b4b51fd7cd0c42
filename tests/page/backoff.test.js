import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../static/js/lib/backoff.js";

test("waits double from half a second to fifteen seconds, are random, and start again", () => {
  const longest = new Backoff(() => 1);
  const waits = Array.from({ length: 8 }, () => longest.next());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  longest.reset();
  assert.equal(longest.next(), 500);
  assert.equal(new Backoff(() => 0).next(), 250);
});

test("after fifteen refusals in a row the waits are long again", () => {
  const longest = new Backoff(() => 1);
  const waits = Array.from({ length: 17 }, () => longest.next(true));
  assert.deepEqual(waits, [500, 1000, ...new Array(13).fill(2000), 15_000, 15_000]);
  assert.equal(longest.next(), 15_000);
  longest.reset();
  assert.equal(longest.next(true), 500);
});

test("the room's own spread is even, and at most a minute", () => {
  assert.equal(new Backoff(() => 0.5).within(10), 5000);
  assert.equal(new Backoff(() => 1).within(1e9), 60_000);
});
