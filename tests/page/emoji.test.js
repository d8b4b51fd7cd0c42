import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findEmoji, readEmoji } from "../../static/js/lib/emoji.js";
import { COMMON } from "../../static/js/view/acts/common_emoji.js";
import { FIRST } from "../../static/js/view/acts/recent_emoji.js";

const list = readFileSync(new URL("../../chat_protocol/emoji.txt", import.meta.url), "utf8");
const [en, ru] = ["en-GB", "ru"].map(locale => readEmoji(list, locale));
const found = (all, query) => findEmoji(all, query).map(({ emoji }) => emoji);

test("each emoji is named in the reader's language", () => {
  const nameOf = all => all.find(({ emoji }) => emoji === "🎉")?.name;
  assert.equal(nameOf(en), "tada");
  assert.match(nameOf(ru) ?? "", /хлопушка/);
});

test("an emoji is found by its name, its words in both languages, or itself", () => {
  for (const [query, emoji] of [
    [":+1:", "👍"],
    ["thumbsup", "👍"],
    [":heart:", "❤️"],
    ["Ёлка", "🎄"],
    ["party pop", "🎉"],
    ["🎉", "🎉"],
    ["pizza", "🍕"],
  ])
    assert.equal(found(ru, query)[0], emoji, query);
  assert.ok(found(ru, "сердце").length > 10);
  assert.deepEqual(found(en, "no such thing"), []);
  assert.deepEqual(found(en, "::"), []);
});

test("all that are offered without a search are emoji that the room knows", () => {
  const known = new Set(en.map(({ emoji }) => emoji));
  assert.deepEqual(
    [...COMMON, ...FIRST].filter(emoji => !known.has(emoji)),
    [],
  );
});
