import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, isBlank, isEmojiOnly, lengthOf, splitAt } from "../../static/js/lib/text.js";

test("unprintable characters are dropped", () => {
  assert.equal(clean("a\u202eb\u001b[31mc\u0000\u009bm\u2028e\ud800f\u200e"), "abcef");
  assert.equal(clean("a\r\nb\rc\td\r\r\ne\r"), "a\nc\td\ne");
  assert.equal(
    clean("\u001b]8;;http://a/\u001b\\link\u001b]8;;\u0007 \u009b1;31mred\u001b(B\u001b[m"),
    "link red",
  );
  assert.equal(clean("\u001b]0;no end\n\u001bOA\u001b7x \u009dy"), "\nx y");
  assert.equal(clean("👩‍👩‍👧 привет"), "👩‍👩‍👧 привет");
  assert.equal(clean("a\n\nb\n\n\n\r\n\n\nc"), "a\n\nb\n\nc");
});

test("a text without visible characters is blank", () => {
  for (const text of ["", " \n\t", "\u200b", "\u00a0\ufeff"]) assert.ok(isBlank(text), JSON.stringify(text));
  for (const text of ["x", " . ", "🙂"]) assert.ok(!isBlank(text), text);
});

test("length counts code points", () => {
  assert.equal(lengthOf("аб🙂"), 3);
});

test("a text is split by code points, but not within a letter or an emoji", () => {
  assert.deepEqual(splitAt("привет", 3), ["при", "вет"]);
  assert.deepEqual(splitAt("🙂🙂🙂", 2), ["🙂🙂", "🙂"]);
  assert.deepEqual(splitAt("текст", 5), ["текст", ""]);
  assert.deepEqual(splitAt("текст", 0), ["", "текст"]);
  assert.deepEqual(splitAt("аи\u0306", 2), ["а", "и\u0306"]);
  assert.deepEqual(splitAt("а👍🏽", 2), ["а", "👍🏽"]);
  assert.deepEqual(splitAt("а👩\u200d👧", 2), ["а", "👩\u200d👧"]);
  assert.deepEqual(splitAt("а👩\u200d👧", 3), ["а", "👩\u200d👧"]);
  // Endless accents are no letter.
  assert.deepEqual(splitAt(`а${"\u0301".repeat(99)}`, 50)[0].length, 50);
});

test("one to four emoji alone count as emoji only", () => {
  for (const text of ["👍", "🇷🇺", "👩‍👩‍👧", "❤️ 🎉", "👍🏽"]) assert.ok(isEmojiOnly(text), text);
  for (const text of ["", "1", "#", "ok 👍", "👍👍👍👍👍"]) assert.ok(!isEmojiOnly(text), text);
});
