import assert from "node:assert/strict";
import { test } from "node:test";
import { excerpt, termsOf } from "../../static/js/lib/excerpt.js";

/** An excerpt as a string, with the marked parts in brackets. */
const shown = (text, query) =>
  excerpt(text, query)
    .map(piece => (piece.marked ? `[${piece.text}]` : piece.text))
    .join("");

test("beginnings of words are marked, whatever the case, and ё matches е", () => {
  assert.equal(shown("Ёлка, ёлки и подёлка", "елк"), "[Ёлк]а, [ёлк]и и подёлка");
  assert.equal(shown("«Завтра» в 9, завтрак в 10", "ЗАВТРА 1"), "«[Завтра]» в 9, [завтра]к в [1]0");
});

test("the longest of several beginnings is marked", () => {
  assert.equal(shown("приветствие", "при привет"), "[привет]ствие");
});

test("a letter that becomes two is marked as one", () => {
  assert.equal(shown("Straße, STRASSE", "strass"), "[Straß]e, [STRASS]E");
  assert.equal(shown("ΟΔΟΣ и οδος", "οδος"), "[ΟΔΟΣ] и [οδος]");
});

test("a text of several lines is shown on one", () => {
  assert.equal(shown("  раз\n\n два\tтри ", "два"), "раз [два] три");
});

test("a long text is cut to the surroundings of the first match, between words", () => {
  const long = `${"начало ".repeat(90)}вот она середина ${"конец ".repeat(90)}`;
  const text = shown(long, "серед");
  assert.match(text, /^… (начало )+вот она \[серед\]ина (конец )+…$/);
  assert.ok(text.length > 150 && text.length < 260, text);
});

test("a long word is cut, but never within a letter", () => {
  assert.equal(shown("а".repeat(4000), "аа").length, 224);
  const pieces = excerpt(`𐐀${"𐐀".repeat(300)}`, "𐐀");
  assert.ok(pieces.every(({ text }) => text.isWellFormed()));
});

test("a text without a match is shown from its beginning", () => {
  assert.equal(shown("тихо", "громко"), "тихо");
  assert.deepEqual(excerpt("", "громко"), []);
});

test("search terms consist of letters and digits", () => {
  assert.deepEqual(termsOf(" ¿Ёлка_2026?! "), ["елка", "2026"]);
  assert.deepEqual(termsOf("👍 _ — !"), []);
});
