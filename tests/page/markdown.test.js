import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseMarkdown } from "../../static/js/lib/markdown.js";
import { plainText, quotedText } from "../../static/js/lib/plain_text.js";

const VECTORS = JSON.parse(readFileSync(new URL("../markdown_vectors.json", import.meta.url), "utf8"));

/** Write a part as the vectors have it. */
function describe(part) {
  if (typeof part === "string") return part;
  switch (part.kind) {
    case "list":
      return ["list", ...part.items.map(({ marker, parts }) => [marker, ...parts.map(describe)])];
    case "code":
      return ["code", part.text];
    case "block":
      return ["block", part.language, part.text];
    case "link":
      return ["link", part.target, ...part.parts.map(describe)];
    default:
      return [part.kind, ...part.parts.map(describe)];
  }
}

for (const { about, text, parts } of VECTORS)
  test(`${about}: ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.deepEqual(parseMarkdown(text).map(describe), parts);
  });

const QUOTES = JSON.parse(readFileSync(new URL("../quote_vectors.json", import.meta.url), "utf8"));

for (const { excerpt, shown } of QUOTES)
  test(`above an answer: ${JSON.stringify(excerpt)}`, () => {
    assert.equal(quotedText(excerpt, parseMarkdown), shown);
  });

test("what is read aloud has no marks, but all words", () => {
  const read = text => plainText(parseMarkdown(text));
  assert.equal(read("**a** [*b*](https://a.example) `c` __d__"), "a b c __d__");
  assert.equal(read("a\n1. b\n> c\n```py\nd\n```\ne").replace(/\n+/g, "|"), "a|1. b|c|d|e");
});

test("a text of twice the length is looked at twice as often, whatever it repeats", t => {
  const { charCodeAt, indexOf } = String.prototype;
  t.after(() => Object.assign(String.prototype, { charCodeAt, indexOf }));
  let looks = 0;
  String.prototype.charCodeAt = function (at) {
    looks += 1;
    return charCodeAt.call(this, at);
  };
  String.prototype.indexOf = function (...args) {
    looks += 1;
    return indexOf.apply(this, args);
  };
  const looksAt = text => {
    looks = 0;
    parseMarkdown(text);
    return looks;
  };
  const parts = [
    "*",
    "**a",
    "*a ",
    "a* ",
    "*a **b ",
    "***a*** ",
    "~~a",
    "`",
    "`a",
    "``a` ",
    "[",
    "[a](",
    "](`",
  ];
  parts.push(
    "> ",
    "> a\n",
    "> > a\n",
    "- ",
    "- a\n",
    "  - a\n",
    "1. a\n",
    "```\n",
    "~~~a\n",
    "a\n\n",
    "> - a\n",
  );
  parts.push("\\*", "http://*", "*(", "**a\n> b\n", "[*a*](https://a.b)*", "- `a\n");
  for (const part of parts) {
    const [short, long] = [1000, 2000].map(length => looksAt(part.repeat(length / part.length)));
    assert.ok(long <= 2.3 * short + 500, `${JSON.stringify(part)}: ${short}, ${long}`);
  }
});
