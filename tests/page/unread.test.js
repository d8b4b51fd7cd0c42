import assert from "node:assert/strict";
import { test } from "node:test";
import { Unread } from "../../static/js/model/unread.js";

const said = (...ids) => ids.map(id => ({ id, name: "Борис" }));
const own = (...ids) => ids.map(id => ({ id, name: "Анна" }));
const begin = lastRead => {
  const unread = new Unread(
    ({ name }) => name === "Анна",
    ({ mentions = [] }) => mentions.includes("Анна"),
  );
  unread.reset(lastRead);
  return unread;
};
const state = unread => [unread.count, unread.dividerAfter];

test("messages that come while not reading are counted, and the divider stays where they began", () => {
  const unread = begin(10);
  unread.add(said(11, 12));
  unread.add([...said(13), ...own(14)]);
  assert.deepEqual(state(unread), [3, 10]);
  unread.setReading(true, 14);
  assert.deepEqual([...state(unread), unread.lastRead], [0, 10, 14]);
  unread.add(said(15));
  assert.equal(unread.count, 0);
  unread.setReading(true, 15);
  unread.setReading(false, 15);
  unread.add(said(16));
  assert.equal(unread.dividerAfter, 15);
  unread.clearDivider();
  assert.equal(unread.dividerAfter, null);
});

test("those that call the reader are counted apart, until they are read or gone", () => {
  const unread = begin(10);
  const calls = said(11, 12, 13).map(message => ({ ...message, mentions: ["Анна"] }));
  unread.add([...calls, ...said(14)]);
  assert.deepEqual([unread.calls, unread.count], [3, 4]);
  unread.remove(12);
  unread.readElsewhere(11);
  assert.deepEqual([unread.calls, unread.count], [1, 2]);
  unread.setReading(true, 14);
  unread.setReading(false, 14);
  assert.deepEqual([unread.calls, unread.count], [0, 0]);
});

test("each message counts once, and only if it was not read", () => {
  const unread = begin(10);
  for (let round = 0; round < 3; round++) unread.add(said(9, 10, 11));
  assert.equal(unread.count, 1);
});

test("what comes while reading is unread if the reader turns away before it is shown", () => {
  const unread = begin(10);
  unread.setReading(true, 10);
  unread.add(said(11));
  unread.setReading(false, 11);
  assert.deepEqual(state(unread), [1, 10]);
});

test("missed messages count until they are loaded, and the reader's own do not", () => {
  const unread = begin(10);
  unread.add(said(20, 21), 9);
  assert.deepEqual(state(unread), [11, 10]);
  unread.load([...said(8, 9, 10, 11, 12), ...own(13, 14)]);
  assert.deepEqual(state(unread), [9, 10]);
  unread.load(said(15, 16, 17, 18, 19));
  assert.deepEqual(state(unread), [9, 10]);
});

test("what another tab has shown is read here too", () => {
  const unread = begin(10);
  unread.add(said(11, 12, 14));
  unread.readElsewhere(12);
  assert.deepEqual([...state(unread), unread.lastRead], [1, 12, 12]);
  unread.readElsewhere(11);
  assert.equal(unread.lastRead, 12);
  // Even what has not come here yet.
  unread.readElsewhere(16);
  unread.add(said(15, 16));
  assert.deepEqual(state(unread), [0, null]);
});
