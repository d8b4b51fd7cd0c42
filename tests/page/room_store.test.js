import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomStore } from "../../static/js/lib/room_store.js";
import { MemoryStore } from "../../static/js/lib/storage.js";

/** @param {Record<string, string>} items */
function storeOf(items) {
  const store = new MemoryStore();
  for (const [key, value] of Object.entries(items)) store.setItem(key, value);
  return store;
}

/** @param {import("../../static/js/lib/storage.js").Store} store */
function contents(store) {
  const keys = Array.from({ length: store.length }, (_, index) => store.key(index)).filter(
    key => key !== null,
  );
  return Object.fromEntries(keys.sort().map(key => [key, store.getItem(key)]));
}

test("two rooms of one site see only what is theirs, whatever their paths are", () => {
  const shared = new MemoryStore();
  const rooms = ["/", "/chat/", "/chat/v1.0/", "/chat/v1.0/chat/"].map(path => new RoomStore(shared, path));
  for (const [index, room] of rooms.entries()) room.setItem("oneroom.draft.x.y", String(index));
  for (const [index, room] of rooms.entries())
    assert.deepEqual(contents(room), { "oneroom.draft.x.y": String(index) });
  rooms[1].removeItem("oneroom.draft.x.y");
  assert.deepEqual(
    rooms.map(room => room.getItem("oneroom.draft.x.y")),
    ["0", null, "2", "3"],
  );
  assert.deepEqual(
    ["oneroom/chat/.theme", "oneroom.theme", "other"].map(key => rooms[1].nameOf(key)),
    ["oneroom.theme", null, null],
  );
});

test("the first room that is opened takes over what was stored for all; an open tab keeps its identity", () => {
  const old = { "oneroom.identity": "who", "oneroom.outbox.x.1": "unsent", other: "of the site" };
  const shared = storeOf(old);
  const open = (/** @type {string} */ path) => {
    const room = new RoomStore(shared, path);
    room.adopt();
    return contents(room);
  };
  const { other: _, ...ours } = old;
  assert.deepEqual(open("/chat/"), ours);
  assert.deepEqual([shared.getItem("oneroom.identity"), shared.getItem("oneroom.outbox.x.1")], ["who", null]);
  assert.deepEqual(open("/talk/"), {});
  assert.deepEqual(open("/"), { "oneroom.path": "/" });
  assert.deepEqual(open("/chat/"), ours);
  assert.equal(shared.getItem("other"), "of the site");
});

test("the room at the root of a site keeps its keys, and gives them to no other", () => {
  const shared = storeOf({ "oneroom.identity": "who" });
  for (const path of ["/", "/", "/chat/"]) new RoomStore(shared, path).adopt();
  assert.deepEqual(contents(shared), { "oneroom.identity": "who", "oneroom.path": "/" });
});
