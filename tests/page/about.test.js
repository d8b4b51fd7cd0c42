import assert from "node:assert/strict";
import { test } from "node:test";
import { About } from "../../static/js/model/about.js";
import { parseFrame } from "../../static/js/model/protocol.js";
import { page } from "./wire.js";

const ROOM = { title: "Сети", welcome: "Привет", count: 2, names: ["Анна", "Борис"], password: true };
const INVITATION = { url: "https://chat.example/", room: "chat.example" };

/** What a model knows after these answers of the gateway. */
async function after(t, ...answers) {
  const about = new About();
  t.mock.method(globalThis, "fetch", async () => {
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("offline");
    return { ok: answer !== 503, json: async () => answer };
  });
  while (answers.length > 0) await about.load();
  const { changed, ...known } = about;
  return known;
}

test("what the gateway tells is known, and kept while the room does not answer, but for who is inside", async t => {
  const { password, ...told } = ROOM;
  const known = { ...told, ...INVITATION, needsPassword: password };
  assert.deepEqual(await after(t, { ...ROOM, ...INVITATION }), known);
  const nobody = { ...known, count: null, names: [], needsPassword: false };
  for (const away of [INVITATION, {}, 503, undefined, null, { title: 7 }, "nonsense"])
    assert.deepEqual(await after(t, { ...ROOM, ...INVITATION }, away), nobody, JSON.stringify(away));
});

test("a room that has no title any more has none, and an answer that came early is not asked for again", async t => {
  const { title, welcome, count } = await after(t, ROOM, { count: 0 });
  assert.deepEqual([title, welcome, count], ["", "", 0]);
  const about = new About();
  await about.load(Promise.resolve({ title: "Рано", count: 1 }));
  assert.equal(about.title, "Рано");
});

test("it is not asked again at once", async t => {
  const asked = t.mock.method(globalThis, "fetch", async () => ({ ok: false }));
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const about = new About();
  for (const [at, calls] of [
    [0, 1],
    [3000, 1],
    [3001, 2],
  ]) {
    now = at;
    await about.refresh();
    assert.equal(asked.mock.callCount(), calls, `${at}`);
  }
});

test("the welcome names the room, and a member is told when that changes", () => {
  const { wire, room } = page(undefined, { title: "Сети", welcome: "Привет" });
  assert.deepEqual([room.about.title, room.about.welcome], ["Сети", "Привет"]);
  wire.hear({ type: "about", title: "Системы", count: 1 });
  assert.deepEqual([room.about.title, room.about.welcome], ["Системы", ""]);
});

test("no title is longer than it may be", () => {
  const [event] = parseFrame(JSON.stringify({ type: "about", title: "Т".repeat(100), count: 1 }));
  assert.equal(event.title, "Т".repeat(64));
});
