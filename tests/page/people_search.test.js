import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { PeopleSearch } from "../../static/js/model/people_search.js";
import { page } from "./wire.js";

const joined = welcome => page(new MemoryStore(), welcome);

/** A crowd of 300, of which we know two. */
function crowd(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { wire, room } = joined({ count: 300, members: ["Борис", "Анна", "Вера"] });
  const search = new PeopleSearch(room);
  room.members.search = search;
  wire.take();
  let changes = 0;
  room.members.changed.on(() => (changes += 1));
  return { wire, room, search, changes: () => changes };
}

test("of a crowd the number is known, and some names in the order of the room", t => {
  const { wire, room } = crowd(t);
  assert.deepEqual([room.members.inCrowd, room.members.count], [true, 300]);
  assert.deepEqual(room.members.names, ["Анна", "Борис", "Вера"]);
  wire.hear({ type: "count", count: 299 });
  assert.equal(room.members.count, 299);
  room.sender.notifyTyping();
  assert.deepEqual(wire.take(), []);
});

test("a room becomes a crowd, and is none any more", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { wire, room } = joined({ members: ["Анна", "Борис"] });
  assert.equal(room.members.inCrowd, false);
  wire.hear({ type: "crowd", on: true, count: 3, members: ["Борис", "Анна", "Вера"] });
  assert.deepEqual([room.members.inCrowd, room.members.count], [true, 3]);
  wire.hear({ type: "crowd", on: false, count: 2, members: ["Глеб", "Борис"] });
  assert.equal(room.members.inCrowd, false);
  assert.deepEqual(room.members.names, ["Анна", "Борис", "Глеб"]);
  wire.hear({ type: "joined", name: "Вера", at: "2026-11-22T05:43:03.120Z" });
  assert.equal(room.members.count, 4);
});

test("the room is asked once for what is typed fast", t => {
  const { wire, search, changes } = crowd(t);
  for (const typed of ["я", "ящ", "Ящ "]) assert.deepEqual(search.find(typed), []);
  assert.equal(search.get("ящ"), null);
  t.mock.timers.tick(200);
  assert.deepEqual(wire.takeBare(), [{ type: "people", prefix: "ящ" }]);
  search.find("ящи");
  t.mock.timers.tick(200);
  assert.deepEqual(wire.takeBare(), []); // one question at a time
  wire.answer("people", { type: "people", members: ["Ящик", "Ящур"], count: 300 });
  assert.equal(changes(), 1);
  assert.deepEqual(search.get("ящ")?.names, ["Ящик", "Ящур"]);
  assert.deepEqual(wire.takeBare(), [{ type: "people", prefix: "ящи" }]);
  wire.answer("people", { type: "people", count: 300 });
  assert.deepEqual(search.get("ящи")?.names, []);
  assert.deepEqual(search.find("ящ"), ["Ящик", "Ящур"]);
  t.mock.timers.tick(200);
  assert.deepEqual(wire.takeBare(), []); // it was answered just now
});

test("what is no longer typed is not asked", t => {
  const { wire, search } = crowd(t);
  search.find("ящ");
  search.find("");
  t.mock.timers.tick(200);
  assert.deepEqual(wire.take(), []);
});

test("the list goes on behind its last name, in the order of the room", t => {
  const { wire, search } = crowd(t);
  search.loadMore("");
  search.loadMore("");
  assert.deepEqual(wire.takeBare(), [{ type: "people", after: "Вера" }]);
  wire.answer("people", { type: "people", members: ["Глеб", "Анна", "Дима"], more: true });
  assert.deepEqual(search.get("")?.names, ["Анна", "Борис", "Вера", "Глеб", "Дима"]);
  search.loadMore("");
  assert.deepEqual(wire.takeBare(), [{ type: "people", after: "Дима" }]);
  wire.answer("people", { type: "people", members: ["Яна"] });
  search.loadMore("");
  assert.deepEqual(wire.takeBare(), []);
});

test("the first names are asked for anew when somebody looks at them later", t => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const { wire, search } = crowd(t);
  const lookAtThem = () => {
    search.find("");
    t.mock.timers.tick(200);
    return wire.takeBare();
  };
  now = 9_000;
  assert.deepEqual(lookAtThem(), []);
  now = 11_000;
  assert.deepEqual(lookAtThem(), [{ type: "people" }]);
  wire.answer("people", { type: "people", members: ["Алла", "Анна", "Борис"], more: true });
  assert.deepEqual(search.get("")?.names, ["Анна", "Алла", "Борис"]);
  now = 20_000;
  assert.deepEqual(lookAtThem(), []);
});

test("after a refusal or a lost connection it can be asked again", t => {
  const { wire, search, room } = crowd(t);
  search.loadMore("");
  wire.answer("people", { type: "error", code: "unknown_type" });
  assert.equal(search.get("")?.names.length, 3);
  search.loadMore("");
  wire.enter("waiting");
  wire.enter("open");
  wire.welcome({ count: 300, members: ["Анна"] });
  wire.take();
  assert.deepEqual(room.members.names, ["Анна"]);
  search.find("б");
  t.mock.timers.tick(200);
  assert.deepEqual(wire.takeBare(), [{ type: "people", prefix: "б" }]);
});
