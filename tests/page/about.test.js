import assert from "node:assert/strict";
import { test } from "node:test";
import { About } from "../../static/js/model/about.js";
import { parseFrame } from "../../static/js/model/protocol.js";

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

test("members are told when it changes, and no title is longer than it may be", () => {
  const about = new About();
  let changes = 0;
  about.changed.on(() => changes++);
  const [event] = parseFrame(JSON.stringify({ type: "about", title: "Т".repeat(100), count: 1 }));
  about.onTold(event);
  assert.deepEqual([about.title, about.welcome, changes], ["Т".repeat(64), "", 1]);
});
