import assert from "node:assert/strict";
import { test } from "node:test";
import { initialOf } from "../../static/js/lib/avatar.js";

test("without Intl.Segmenter the initial is the first code point", t => {
  const { Segmenter } = Intl;
  t.after(() => Object.assign(Intl, { Segmenter }));
  delete Intl.Segmenter;
  assert.equal(initialOf(" анна"), "А");
  assert.equal(initialOf("👩‍🚀"), "👩");
  assert.equal(initialOf(""), "");
});
