import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { AT, FullStore } from "./wire.js";

test("messages survive a reload, in their order", () => {
  const store = new MemoryStore();
  const before = new Outbox(store);
  const refs = ["один", "два", "три"].map(text => before.add(text).ref);
  before.remove(refs[1]);
  assert.deepEqual(
    new Outbox(store).pending.map(({ text }) => text),
    ["один", "три"],
  );
});

test("refs are unique and short enough for the protocol", () => {
  const outbox = new Outbox(new MemoryStore());
  const refs = Array.from({ length: 500 }, () => outbox.add("x").ref);
  assert.equal(new Set(refs).size, 500);
  assert.ok(refs.every(ref => ref.length <= 64));
});

test("a failed message waits for its author, and is retried with the same ref", () => {
  const store = new MemoryStore();
  const outbox = new Outbox(store);
  const { ref } = outbox.add("текст");
  outbox.fail(ref, "unavailable");
  assert.deepEqual(outbox.pending, []);
  assert.equal(new Outbox(store).get(ref).code, "unavailable");
  assert.equal(outbox.retry(ref).ref, ref);
  assert.equal(outbox.pending.length, 1);
  assert.equal(outbox.get(ref).code, undefined);
});

test("an answer to what is gone is tried again without it", () => {
  for (const code of ["is_deleted", "not_found", "unavailable"]) {
    const outbox = new Outbox(new MemoryStore());
    const { ref } = outbox.add("текст", { reply: { id: 7, name: "Анна", excerpt: "вопрос" }, epoch: "e" });
    outbox.fail(ref, code);
    assert.equal(outbox.retry(ref).reply?.id, code === "unavailable" ? 7 : undefined, code);
  }
});

test("acks for unknown messages are ignored", () => {
  const outbox = new Outbox(new MemoryStore());
  assert.equal(outbox.remove("foreign"), undefined);
  outbox.fail("foreign", "blank");
  assert.equal(outbox.retry("foreign"), undefined);
  assert.deepEqual(outbox.messages, []);
});

test("each replay hides one of several equal texts, until a reload", () => {
  const store = new MemoryStore();
  const outbox = new Outbox(store);
  outbox.add("да");
  outbox.add("да");
  outbox.markReplayed("да");
  outbox.markReplayed("нет");
  assert.deepEqual(
    outbox.messages.map(message => Boolean(message.replayed)),
    [true, false],
  );
  assert.ok(new Outbox(store).messages.every(message => !message.replayed));
});

test("a full store keeps nothing, but messages can be sent", () => {
  const outbox = new Outbox(new FullStore());
  const { ref } = outbox.add("текст");
  assert.equal(outbox.pending.length, 1);
  assert.equal(outbox.remove(ref).text, "текст");
});

test("damaged entries in the store are skipped", () => {
  const store = new MemoryStore();
  const good = { ref: "r", text: "текст", at: AT, state: "pending" };
  const damage = [{ at: undefined }, { at: 5 }, { text: null }, { state: "lost" }, { state: {} }];
  damage.push({ ref: 5 }, { ref: "" }, { ref: "r".repeat(65) }, { code: 5 }, { until: "x" }, { tab: 5 });
  for (const wrong of damage) {
    const { ref } = { ...good, ...wrong };
    store.setItem(`oneroom.outbox.${ref}`, JSON.stringify({ ...good, ...wrong }));
    assert.deepEqual(new Outbox(store).messages, [], JSON.stringify(wrong));
  }
  store.setItem("oneroom.outbox.x", "{");
  store.setItem("oneroom.outbox.y", '"text"');
  store.setItem("oneroom.outbox.z", JSON.stringify(good)); // under the key of another one
  store.setItem("other", "{}");
  assert.deepEqual(new Outbox(store).messages, []);
  store.setItem("oneroom.outbox.r", JSON.stringify({ ...good, stray: 1 }));
  assert.deepEqual(new Outbox(store).messages, [{ ...good, tab: "" }]);
});
