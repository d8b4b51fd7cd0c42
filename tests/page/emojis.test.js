import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Emojis } from "../../static/js/lib/emojis.js";

const list = readFileSync(new URL("../../chat_protocol/emoji.txt", import.meta.url), "utf8");
const emojis = new Emojis(async () => list);
await emojis.load();

test("an emoji is found in its full form, or by its name, as the room finds it", () => {
  const found = {
    "👍": "👍",
    "❤": "❤️",
    "👍\ufe0f": "👍",
    "#⃣": "#️⃣",
    "👩‍❤‍👨": "👩‍❤️‍👨",
    ":+1:": "👍",
    ":TADA:": "🎉",
  };
  for (const [text, emoji] of Object.entries({ ...found, ":алое_сердце:": "❤️", "🇷🇺": "🇷🇺" }))
    assert.equal(emojis.find(text), emoji, text);
  for (const text of [
    "",
    ":",
    "::",
    ":)",
    "a",
    "1",
    "#",
    "👍👍",
    "👍 ",
    "🏽",
    "🇷",
    "\ufe0f",
    ":frob:",
    "constructor",
  ])
    assert.equal(emojis.find(text), undefined, text);
});

test("before it is loaded none is found; what failed is loaded again; it is loaded once", async () => {
  let tries = 0;
  const late = new Emojis(async () => {
    tries += 1;
    if (tries === 1) throw new Error("offline");
    return list;
  });
  assert.equal(late.find("👍"), undefined);
  await assert.rejects(late.load());
  await Promise.all([late.load(), late.load()]);
  assert.deepEqual([late.find("👍"), tries], ["👍", 2]);
});
