import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SHOWN, Viewport } from "../../static/js/view/transcript/viewport.js";

const items = count => Array.from({ length: count }, (_, index) => ({ kind: "message", key: `k${index}` }));

test("at most the limit is shown, and what is dropped is far from the reader", () => {
  const many = items(4000);
  const atBottom = new Viewport();
  const [from, to] = atBottom.range(many, null);
  assert.ok(to === 4000 && to - from <= MAX_SHOWN && atBottom.atTail);
  const atTop = new Viewport();
  const range = atTop.range(many, "k10");
  assert.ok(range[0] === 0 && range[1] <= MAX_SHOWN && !atTop.atTail);
});

test("scrolling up and down again passes every item", () => {
  const many = items(4000);
  const viewport = new Viewport();
  let [from, to] = viewport.range(many, null);
  while (viewport.earlier(many)) {
    const before = from;
    [from, to] = viewport.range(many, `k${from}`);
    assert.ok(from < before && to > before, "it moves, and overlaps what was shown");
  }
  assert.equal(from, 0);
  while (viewport.later(many)) {
    const before = to;
    [from, to] = viewport.range(many, `k${to - 1}`);
    assert.ok(to > before && from < before && to - from <= MAX_SHOWN);
  }
  assert.deepEqual([to, viewport.atTail], [4000, true]);
});

test("a message out of view is shown with its surroundings", () => {
  const many = items(9000);
  const viewport = new Viewport();
  viewport.range(many, null);
  viewport.show(many, "k100");
  const [from, to] = viewport.range(many, "k100");
  assert.ok(from < 70 && to > 130 && to - from <= MAX_SHOWN);
  viewport.toTail(many);
  assert.equal(viewport.range(many, null)[1], 9000);
});

test("what is loaded before the reader is shown in small steps, and the gap at the front only when all is", () => {
  const gap = { kind: "gap", key: "gap" };
  const shown = [gap, ...items(20)];
  const viewport = new Viewport();
  assert.deepEqual(viewport.range(shown, "k10"), [0, 21]);
  const older = Array.from({ length: 60 }, (_, index) => ({ kind: "message", key: `o${index}` }));
  const more = [gap, ...older, ...items(20)];
  assert.deepEqual([viewport.range(more, "k10")[0], viewport.countBefore(more)], [61, 60]);
  let steps = 0;
  for (let from = 61; viewport.earlier(more); steps++) {
    const [next] = viewport.range(more, "k10");
    assert.ok(next < from && from - next <= 20, `${from} to ${next}`);
    from = next;
  }
  assert.ok(steps > 4);
  assert.deepEqual([viewport.range(more, "k10"), viewport.countBefore(more)], [[0, 81], 0]);
});
