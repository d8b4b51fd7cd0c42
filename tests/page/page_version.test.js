import assert from "node:assert/strict";
import { test } from "node:test";
import { PageVersion } from "../../static/js/model/page_version.js";

test("a newer page is told once; no answer, or one that is no version, changes nothing", async t => {
  const answers = [{ page: "one" }, { page: 5 }, null, { page: "two" }, { page: "three" }];
  t.mock.method(globalThis, "fetch", async () => ({ json: async () => answers.shift() }));
  const version = new PageVersion("one", "version");
  let told = 0;
  version.outdated.on(() => told++);
  for (const expected of [0, 0, 0, 1, 1]) {
    await version.check();
    assert.equal(told, expected);
  }
  t.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("offline")));
  await version.check();
});

test("the user's return is followed by a check at most once a minute", async t => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const fetched = t.mock.method(globalThis, "fetch", async () => ({ json: async () => ({ page: "one" }) }));
  const version = new PageVersion("one", "version");
  for (const [at, expected] of [
    [59_999, 0],
    [60_000, 1],
    [60_001, 1],
    [120_000, 2],
  ]) {
    now = at;
    await version.checkSometimes();
    assert.equal(fetched.mock.callCount(), expected, `${at}`);
  }
});
