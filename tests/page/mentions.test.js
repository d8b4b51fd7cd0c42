import assert from "node:assert/strict";
import { test } from "node:test";
import { isCalled, splitMentions } from "../../static/js/lib/mentions.js";

test("a name is found whatever its case and spaces, the longest one, and not within a word", () => {
  const names = ["Анна", "Анна Мария", "a.b", "all"];
  const called = text => splitMentions(text, names).filter(({ name }) => name);
  assert.deepEqual(called("(@анна  МАРИЯ), @Анна"), [
    { text: "@анна  МАРИЯ", name: "Анна Мария" },
    { text: "@Анна", name: "Анна" },
  ]);
  assert.deepEqual(called("почта@Анна @Аннабель @aXb @"), []);
  assert.deepEqual(
    called("@все и @all, @A.B").map(({ name }) => name),
    ["all", "all", "a.b"],
  );
});

test("the pieces are the whole text", () => {
  for (const text of ["", "без имён", "@Анна", "а @Анна б @Анна"])
    assert.equal(
      splitMentions(text, ["Анна"])
        .map(piece => piece.text)
        .join(""),
      text,
    );
});

test("everybody is called by all, and nobody else by another's name", () => {
  assert.ok(isCalled(["all"], "Анна"));
  assert.ok(isCalled(["Борис", "Анна"], "Анна"));
  assert.ok(!isCalled(["Борис"], "Анна"));
});
