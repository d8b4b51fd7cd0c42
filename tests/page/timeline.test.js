import assert from "node:assert/strict";
import { test } from "node:test";
import { HISTORY_PAGE } from "../../static/js/model/protocol.js";
import { Timeline } from "../../static/js/model/timeline.js";

const AT = "2026-11-22T05:43:03.120Z";
const message = id => ({ id, at: AT, name: "Анна", text: `№ ${id}` });
const span = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

/** The items in short: ids, "…" for a gap, "+" and "-" for a join and a leave. */
const shape = timeline =>
  timeline.items.map(item => {
    if (item.kind === "message") return item.id;
    if (item.kind === "gap") return "…";
    return item.kind === "presence" ? (item.joined ? "+" : "-") : item.kind;
  });
const gaps = timeline => timeline.items.filter(item => item.kind === "gap");

/** Answers like a room that keeps `log`. */
const ask = (log, before, limit = HISTORY_PAGE) => {
  const below = log.filter(({ id }) => id < before);
  return {
    messages: below.slice(-limit),
    more: below.length > limit,
    first: (below.at(-limit - 1)?.id ?? 0) + 1,
  };
};

const resumed = (from, to, more = false) => {
  const timeline = new Timeline();
  timeline.restart("e");
  timeline.resume(span(from, to), 0, more);
  return timeline;
};

test("messages are in the order of their ids, each once", () => {
  const timeline = resumed(1, 2);
  assert.ok(timeline.add(message(5)));
  assert.ok(timeline.add(message(3)));
  assert.ok(!timeline.add(message(5)));
  assert.deepEqual(shape(timeline), [1, 2, 3, 5]);
  assert.equal(timeline.newest, 5);
});

test("joins and leaves stay where they happened", () => {
  const timeline = resumed(1, 1);
  timeline.addPresence({ joined: true, name: "Вера", at: AT });
  timeline.add(message(2));
  timeline.addPresence({ joined: false, name: "Вера", at: AT });
  assert.deepEqual(shape(timeline), [1, "+", 2, "-"]);
});

test("older messages are a gap at the front, filled from its end", () => {
  const log = span(1, 250);
  const timeline = resumed(201, 250, true);
  for (const expected of [101, 1]) {
    const [gap] = gaps(timeline);
    const before = timeline.requestFor(gap);
    const { messages, more } = ask(log, before);
    timeline.fill(gap, messages, before, more);
    assert.equal(timeline.items.find(item => item.kind === "message").id, expected);
  }
  assert.deepEqual(
    shape(timeline),
    log.map(({ id }) => id),
  );
});

test("missed messages are a gap with their number, which closes when all are there", () => {
  const log = span(1, 400);
  const timeline = resumed(1, 10);
  timeline.resume(span(361, 400), 350, true);
  assert.deepEqual(
    gaps(timeline).map(({ count }) => count),
    [350],
  );
  const counts = [];
  for (let round = 0; gaps(timeline).length; round++) {
    assert.ok(round < 5, "it closes");
    const [gap] = gaps(timeline);
    const before = timeline.requestFor(gap);
    const { messages, more } = ask(log, before);
    timeline.fill(gap, messages, before, more);
    counts.push(gaps(timeline)[0]?.count ?? 0);
  }
  assert.deepEqual(counts, [250, 150, 50, 0]);
  assert.deepEqual(
    shape(timeline),
    log.map(({ id }) => id),
  );
});

test("an incomplete answer leaves a gap before it", () => {
  const timeline = resumed(1, 1);
  timeline.resume(span(300, 300), 298, true);
  const [gap] = gaps(timeline);
  timeline.fill(gap, span(90, 101), 102, true);
  assert.deepEqual(shape(timeline), [1, "…", ...span(90, 101).map(({ id }) => id), "…", 300]);
});

test("a gap whose beginning the log no longer has is filled from its end", () => {
  const log = span(900, 1000);
  const timeline = resumed(1, 1);
  timeline.resume(span(1000, 1000), 998, true);
  for (let round = 0; gaps(timeline).length; round++) {
    assert.ok(round < 3, "it closes");
    const [gap] = gaps(timeline);
    const before = timeline.requestFor(gap);
    const { messages, more } = ask(log, before);
    timeline.fill(gap, messages, before, more);
  }
  assert.deepEqual(shape(timeline), [1, ...log.map(({ id }) => id)]);
});

test("a message far back is between two gaps", () => {
  const log = span(1, 1000);
  const timeline = resumed(951, 1000, true);
  const gap = timeline.gapAround(300);
  const { messages, more } = ask(log, 350);
  timeline.fill(gap, messages, 350, more);
  assert.ok(timeline.has(300));
  assert.deepEqual(gaps(timeline).length, 2);
  assert.equal(timeline.gapAround(500), gaps(timeline)[1]);
  assert.equal(timeline.gapAround(300), undefined);
});

test("our own message inside a gap splits it", () => {
  const timeline = resumed(1, 1);
  timeline.resume(span(50, 50), 48, true);
  timeline.add(message(20));
  assert.deepEqual(shape(timeline), [1, "…", 20, "…", 50]);
});

test("an answer for a gap that was split meanwhile keeps the order", () => {
  const timeline = resumed(1, 1);
  timeline.resume(span(50, 50), 48, true);
  const [gap] = gaps(timeline);
  timeline.add(message(20));
  timeline.fill(gap, span(2, 49), 50, true);
  const shown = shape(timeline).filter(id => id !== "…");
  assert.deepEqual(
    shown,
    [...span(1, 20), message(50)].map(({ id }) => id),
  );
});

test("another log leaves the old messages readable, without ids", () => {
  const timeline = resumed(1, 2, true);
  timeline.restart("f");
  timeline.resume(span(1, 1), 0, true);
  assert.deepEqual(shape(timeline), [null, null, "new-log", "…", 1]);
  assert.equal(new Set(timeline.items.map(({ key }) => key)).size, timeline.items.length);
  assert.ok(!timeline.has(2));
});

test("an answer for a gap that no longer exists changes nothing", () => {
  const timeline = resumed(5, 6, true);
  const [gap] = gaps(timeline);
  timeline.restart("f");
  timeline.fill(gap, span(1, 4), 5, false);
  assert.deepEqual(shape(timeline), [null, null, "new-log"]);
});

test("beyond the capacity the oldest are dropped, and can be loaded again", () => {
  const timeline = resumed(1, 10_001);
  timeline.trim();
  assert.equal(timeline.items.length, 9001);
  assert.equal(timeline.items[0].kind, "gap");
  assert.ok(!timeline.has(1));
  assert.equal(timeline.gapAround(1), timeline.items[0]);
});

// --- numbers that are no messages ------------------------------------------------------

/** Of these ids, some that are messages: one in ten. */
const sparse = (from, to, random) => span(from, to).filter(() => random() < 0.1);

/** Numbers from 0 to 1, the same in each run. */
const randomly = seed => () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};

for (const room of ["new", "older"]) {
  test(`a timeline with gaps between sparse messages fills up: ${room} room`, () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = randomly(seed);
      const log = [...sparse(1, 3000, random), message(3001)];
      const seen = log.filter(() => random() < 0.2).length;
      const newest = log.slice(-1 - Math.floor(random() * 20));
      const timeline = new Timeline();
      timeline.restart("e");
      timeline.resume(log.slice(Math.max(0, seen - 30), seen), 0, seen > 30);
      timeline.resume(newest, Math.max(0, log.length - newest.length - seen), true);
      for (let round = 0; gaps(timeline).length; round += 1) {
        assert.ok(round < log.length, "it fills up");
        const gap = gaps(timeline)[Math.floor(random() * gaps(timeline).length)];
        const before = random() < 0.5 ? timeline.requestFor(gap) : timeline.bounds(gap).high;
        const { messages, more, first } = ask(log, before, 1 + Math.floor(random() * HISTORY_PAGE));
        timeline.fill(gap, messages, before, more, room === "new" ? first : undefined);
      }
      assert.deepEqual(
        shape(timeline),
        log.map(({ id }) => id),
      );
    }
  });
}

test("a gap closes as soon as the room says that nothing else is in it", () => {
  const timeline = resumed(5, 5);
  timeline.resume([message(40)], 1, true);
  const [gap] = gaps(timeline);
  const { messages, more, first } = ask([message(5), message(30), message(40)], 40, 1);
  timeline.fill(gap, messages, 40, more, first);
  assert.deepEqual(shape(timeline), [5, 30, 40]);
});

test("a gap is asked for a page from its beginning, however sparse its messages are", () => {
  const log = [message(50), ...span(101, 400).map(({ id }) => message(id * 10)), message(4010)];
  const timeline = resumed(50, 50);
  timeline.resume([message(4010)], 300, true);
  const [gap] = gaps(timeline);
  const before = timeline.requestFor(gap);
  const { messages, more, first } = ask(log, before);
  timeline.fill(gap, messages, before, more, first);
  assert.ok(timeline.has(1010));
  assert.ok(timeline.items.length > 30);
});

test("looking back counts messages, up to a gap", () => {
  const timeline = new Timeline();
  timeline.restart("e");
  timeline.resume([message(10), message(20)], 0, true);
  timeline.resume([message(90), message(200)], 7, true);
  timeline.addPresence({ joined: true, name: "Вера", at: AT });
  assert.equal(timeline.lookBack(2).item.id, 90);
  assert.deepEqual(timeline.lookBack(5), { item: gaps(timeline)[1], missing: 3 });
  assert.equal(new Timeline().lookBack(3).item, undefined);
});
