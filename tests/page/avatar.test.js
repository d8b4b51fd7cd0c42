import assert from "node:assert/strict";
import { test } from "node:test";
import { hueOf, initialOf } from "../../static/js/lib/avatar.js";

test("a name always has the same colour, different names have different ones", () => {
  assert.equal(hueOf("Анна"), hueOf("анна"));
  const names = Array.from({ length: 200 }, (_, index) => `гость ${index}`);
  assert.ok(new Set(names.map(hueOf)).size >= 20);
});

test("without Intl.Segmenter the initial is the first code point", t => {
  const { Segmenter } = Intl;
  t.after(() => Object.assign(Intl, { Segmenter }));
  delete Intl.Segmenter;
  assert.equal(initialOf(" анна"), "А");
  assert.equal(initialOf("👩‍🚀"), "👩");
  assert.equal(initialOf(""), "");
});
