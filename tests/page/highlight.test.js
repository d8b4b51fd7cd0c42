import assert from "node:assert/strict";
import { test } from "node:test";
import { highlight } from "../../static/js/lib/highlight.js";

const CODES = {
  bash: 'for f in *; do echo "$f"; done  # each',
  c: "int main(void) { return 0; } /* end */",
  cpp: '#include <x>\nauto a = std::string("b");',
  css: "a { color: red; } /* b */",
  diff: "-a\n+b",
  go: "func main() { return 1 }",
  java: "public class A { int b = 1; }",
  javascript: "const a = /b/g; // c",
  json: '{"a": [1, true]}',
  markup: '<p class="a">b</p><!-- c -->',
  python: 'def a(b):\n    return f"{b}!"  # c',
  rust: "fn main() { let a = 1; }",
  sql: "SELECT a FROM b WHERE c = 'd'",
  typescript: "let a: number = 1;",
  yaml: "a: 1 # b",
};

for (const [language, code] of Object.entries(CODES))
  test(`${language} gets colours and stays the same`, () => {
    const pieces = highlight(code, language);
    assert.equal(pieces.map(({ text }) => text).join(""), code);
    assert.ok(pieces.filter(({ kind }) => kind).length > 1);
  });

test("the kinds of pieces", () => {
  assert.deepEqual(
    highlight('def a():\n    return "b"  # c', "python").filter(({ kind }) => kind),
    [
      { kind: "keyword", text: "def" },
      { kind: "name", text: "a" },
      { kind: "keyword", text: "return" },
      { kind: "string", text: '"b"' },
      { kind: "comment", text: "# c" },
    ],
  );
});

test("a language that is not known, or is no language, stays as it is", () => {
  for (const language of ["none", "extend", "__proto__", "constructor", "DFS"])
    assert.deepEqual(highlight("a = 1", language), [{ kind: "", text: "a = 1" }], language);
});
