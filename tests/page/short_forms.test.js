import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Emojis } from "../../static/js/lib/emojis.js";
import { needsEmojis, parseShortForm, substitute } from "../../static/js/model/short_forms.js";

const read = path => readFileSync(new URL(path, import.meta.url), "utf8");
const { short } = JSON.parse(read("../chat_protocol/command_lines.json"));
const emojis = new Emojis(async () => read("../../chat_protocol/emoji.txt"));
await emojis.load();

test("the page understands short forms as the terminal does, or says the text", () => {
  for (const { line, command, text = line } of short)
    assert.deepEqual(
      parseShortForm(line, found => emojis.find(found)),
      command ?? text,
      line,
    );
});

test("the list of emoji is loaded only for what may be a reaction", () => {
  for (const { line, command } of short) {
    if (command?.emoji) assert.ok(needsEmojis(line), line);
    if (needsEmojis(line)) continue;
    assert.deepEqual(
      parseShortForm(line, () => undefined),
      parseShortForm(line, found => emojis.find(found)),
      line,
    );
  }
  for (const typed of ["+1", "-5", "привет", "#1043", "s/а/б/", "+ да и нет"])
    assert.equal(needsEmojis(typed), false);
});

test("a substitution puts in the new text as it is, once", () => {
  const put = (old, replacement, text) => substitute({ name: "s", old, new: replacement }, text);
  assert.deepEqual(
    [put("a", "$&", "banana"), put(".", "", "a.b"), put("x", "y", "abc")],
    ["b$&nana", "ab", undefined],
  );
});
