import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clean,
  endsRtl,
  isBlank,
  isEmojiOnly,
  lengthOf,
  splitAt,
  tokenize,
} from "../../static/js/lib/text.js";

const kinds = text => tokenize(text).map(({ kind, text }) => [kind, text]);

test("tokens together are the text", () => {
  for (const text of ["", "просто текст", "https://a.example", "#1", "см. #12 и https://a.example/#3, да"]) {
    assert.equal(
      tokenize(text)
        .map(token => token.text)
        .join(""),
      text,
    );
  }
});

test("only http and https become links", () => {
  assert.deepEqual(kinds("HTTPS://a.example/x"), [["link", "HTTPS://a.example/x"]]);
  for (const text of [
    "javascript:alert(1)",
    "ftp://a.example",
    "data:text/html,x",
    "http://",
    "https:// x",
  ]) {
    assert.deepEqual(kinds(text), [["plain", text]], text);
  }
});

test("punctuation that ends the sentence is no part of the link", () => {
  assert.deepEqual(kinds("(см. https://a.example/b_(c)), да"), [
    ["plain", "(см. "],
    ["link", "https://a.example/b_(c)"],
    ["plain", "), да"],
  ]);
  assert.deepEqual(kinds("https://a.example/?q=1!")[0], ["link", "https://a.example/?q=1"]);
  assert.deepEqual(kinds("«https://a.example»")[1], ["link", "https://a.example"]);
  assert.deepEqual(kinds("https://a.example/[{(x)}])}].")[0], ["link", "https://a.example/[{(x)}]"]);
  assert.deepEqual(kinds(`http://a.example/${")]}".repeat(1328)}`)[0], ["link", "http://a.example/"]);
});

test("a link may be long, a host may not", () => {
  const long = `https://a.example/${"x".repeat(3000)}`;
  assert.deepEqual(kinds(long), [["link", long]]);
  const hosts = `https://${"x".repeat(3000)}/`;
  assert.deepEqual(kinds(hosts), [["plain", hosts]]);
});

test("numbers refer to messages, but not within words, links and entities", () => {
  assert.deepEqual(kinds("#1043, #7"), [
    ["number", "#1043"],
    ["plain", ", "],
    ["number", "#7"],
  ]);
  for (const text of ["a#1", "#0", "#12ab", "##3", "&#39;", "#тег", "#1234567890123456"]) {
    assert.deepEqual(kinds(text), [["plain", text]], text);
  }
  assert.deepEqual(kinds("https://a.example/#12"), [["link", "https://a.example/#12"]]);
});

test("unprintable characters are dropped", () => {
  assert.equal(clean("a\u202eb\u001b[31mc\u0000\u009bm\u2028e\ud800f\u200e"), "abcef");
  assert.equal(clean("a\r\nb\rc\td\r\r\ne\r"), "a\nc\td\ne");
  assert.equal(
    clean("\u001b]8;;http://a/\u001b\\link\u001b]8;;\u0007 \u009b1;31mred\u001b(B\u001b[m"),
    "link red",
  );
  assert.equal(clean("\u001b]0;no end\n\u001bOA\u001b7x \u009dy"), "\nx y");
  assert.equal(clean("👩‍👩‍👧 привет"), "👩‍👩‍👧 привет");
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

test("the first letter of the last line decides whether a text ends from right to left", () => {
  for (const text of ["שלום", "hello\nשלום", "123 — مرحبا hello", "«שלום»", "https\n… ދިވެހި"])
    assert.ok(endsRtl(text), text);
  for (const text of ["", "hello", "שלום\nhello", "שלום\n12:30", "hello שלום", "привет\n", "Ⅷ שלום"])
    assert.ok(!endsRtl(text), text);
});
