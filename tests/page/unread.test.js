import assert from "node:assert/strict";
import { test } from "node:test";
import { Unread } from "../../static/js/model/unread.js";

test("messages that come while not reading are counted, and the divider stays where they began", () => {
  const unread = new Unread();
  unread.reset(10);
  unread.add(2);
  unread.add(1);
  assert.deepEqual([unread.count, unread.dividerAfter], [3, 10]);
  unread.setReading(true, 13);
  assert.deepEqual([unread.count, unread.dividerAfter, unread.lastRead], [0, 10, 13]);
  unread.add(1);
  assert.equal(unread.count, 0);
  unread.setReading(true, 14);
  unread.setReading(false, 14);
  unread.add(1);
  assert.equal(unread.dividerAfter, 14);
  unread.clearDivider();
  assert.equal(unread.dividerAfter, null);
});
