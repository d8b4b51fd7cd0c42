import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveBody, MAX_KEPT } from "../../static/js/model/live_body.js";
import { Lives } from "../../static/js/model/lives.js";
import { parseFrame } from "../../static/js/model/protocol.js";
import { Timeline } from "../../static/js/model/timeline.js";
import { AT, message, Wire } from "./wire.js";

const started = (id, live = { state: "open" }) => ({ ...message(id, "ci", "make test"), kind: "live", live });
const body = (from, text, more = {}) => ({
  type: "body",
  id: 1,
  from,
  text,
  end: from + text.length,
  ...more,
});

test("what the room sends of live messages is read, and nothing else", () => {
  const said = { ...started(1, { state: "failed", code: 2, seconds: 3.5, lines: 2, last: "a\n" }) };
  assert.deepEqual(parseFrame(JSON.stringify({ ...said, live: { ...said.live, other: 1 } })), [said]);
  assert.deepEqual(parseFrame(JSON.stringify({ ...said, live: { state: "odd" } })), []);
  const output = { type: "output", id: 1, offset: 5, tail: "50%" };
  assert.deepEqual(parseFrame(JSON.stringify(output)), [output]);
});

test("the last lines are the preview's while it runs, and then those of its end", () => {
  const wire = new Wire();
  const lives = new Lives(wire);
  const [grown, ended] = [[], []];
  lives.grown.on(id => grown.push(id));
  lives.ended.on(({ id }) => ended.push(id));
  wire.hear(started(1), { type: "preview", id: 1, lines: 7, text: "seven" });
  const open = { state: "open", lines: 3, last: "three" };
  assert.equal(lives.lastOf(1, open).text, "seven");
  assert.equal(lives.lastOf(2, open).text, "three");
  assert.ok(lives.secondsOf(1, AT, open) < 10); // by the page's clock, which may be another than the room's
  const done = { state: "done", seconds: 4, lines: 9, last: "nine" };
  wire.hear({ type: "changed", id: 2, at: AT, by: "ci", act: "end", message: started(1, done) });
  assert.deepEqual(lives.lastOf(1, done), { lines: 9, text: "nine" });
  assert.equal(lives.secondsOf(1, AT, done), 4);
  assert.deepEqual([grown, ended], [[1], [1]]);
  assert.equal(lives.lastOf(1, open).text, "three");
});

test("of very many messages only the newest are remembered, and none of another log", () => {
  const wire = new Wire();
  const lives = new Lives(wire);
  for (let id = 1; id <= 100; id += 1) wire.hear({ type: "preview", id, lines: 1, text: "x" });
  assert.equal(lives.lastOf(1, { state: "open" }).text, "");
  assert.equal(lives.lastOf(100, { state: "open" }).text, "x");
  wire.hear({ type: "welcome", epoch: "other" });
  assert.equal(lives.lastOf(100, { state: "open" }).text, "");
});

test("a reaction does not take the last lines away", () => {
  const timeline = new Timeline();
  timeline.add(started(1, { state: "open", lines: 2, last: "two" }));
  timeline.change(started(1), 2);
  assert.equal(timeline.get(1).live.last, "two");
  timeline.change(started(1, { state: "done", seconds: 1, lines: 3, last: "three" }), 3);
  assert.equal(timeline.get(1).live.last, "three");
  timeline.markDeleted(1);
  assert.equal(timeline.get(1).live, undefined);
});

test("a body grows by answers and outputs; what is there already is dropped", () => {
  const live = new LiveBody();
  assert.ok(live.onBody(body(0, "one\n", { end: 8, more: true })));
  assert.equal(live.onBody(body(4, "два\n", { end: 11, tail: "50%" })), false);
  live.onOutput({ offset: 4, text: "два\nthree\n", tail: "60%" });
  assert.equal(live.toText("-"), "one\nдва\nthree\n60%");
  assert.equal(live.end, 17);
  live.onOutput({ offset: 17, tail: "" });
  assert.equal(live.toText("-"), "one\nдва\nthree\n");
});

test("a jump leaves out all behind the first lines, a second one also what came before it", () => {
  const live = new LiveBody();
  live.onOutput({ offset: 0, text: "one\n" });
  live.onOutput({ offset: 10, text: "two\n" });
  assert.deepEqual([live.toText("[…]\n"), live.leftOut, live.end], ["one\n[…]\ntwo\n", 6, 14]);
  live.onOutput({ offset: 20, text: "three\n" });
  assert.deepEqual([live.toText("[…]\n"), live.leftOut, live.end], ["one\n[…]\nthree\n", 16, 26]);
});

test("the first and the last lines are kept, whatever pieces they come in", () => {
  const line = index => `line ${index} ${"я".repeat(index % 50)}\n`;
  const text = Array.from({ length: 40_000 }, (_, index) => line(index)).join("");
  const bytes = Buffer.from(text);
  const first = bytes.subarray(0, bytes.lastIndexOf(10, MAX_KEPT - 1) + 1);
  const last = bytes.subarray(bytes.indexOf(10, bytes.length - MAX_KEPT - 1) + 1);
  for (const count of [7, 333]) {
    const live = new LiveBody();
    const lines = text.split(/(?<=\n)/);
    for (let at = 0; at < lines.length; at += count * 10)
      live.onOutput({ offset: live.end, text: lines.slice(at, at + count * 10).join("") });
    assert.ok(live.first.text === first.toString() && live.last.text === last.toString());
    assert.equal(live.leftOut, bytes.length - first.length - last.length);
    assert.ok(
      [...live.first.list, ...live.last.list].every(part => part.text.split("\n").length === part.lines + 1),
    );
  }
});

test("what a killed server has lost is asked for from the beginning", () => {
  const live = new LiveBody();
  live.onOutput({ offset: 0, text: "one\ntwo\n" });
  assert.ok(live.onBody(body(4, "", { end: 4 })));
  assert.equal(live.end, 0);
});

test("of a body that is gone all is left out", () => {
  const live = new LiveBody();
  assert.equal(live.onBody(body(0, "", { end: 9, left_out: [0, 9] })), false);
  assert.equal(live.leftOut, 9);
});
