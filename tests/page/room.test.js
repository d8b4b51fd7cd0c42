import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { AT, message, page, Wire } from "./wire.js";

const ids = room => room.timeline.items.filter(item => item.kind === "message").map(item => item.id);

test("the first join has a secret of its own, the next the room's and the position", () => {
  const { store, wire, join } = page();
  assert.deepEqual([join.name, join.since], ["Анна", undefined]);
  assert.notEqual(join.session, "secret");
  assert.ok(join.session.length >= 16, "a shorter one is replaced by the room");
  wire.hear(message(5, "Борис"));
  wire.enter("waiting");
  wire.open();
  const [again] = wire.take();
  assert.deepEqual([again.session, again.since], ["secret", { epoch: "e", id: 5 }]);
  const reloaded = page(store);
  assert.equal(reloaded.join.session, "secret");
});

test("whose first welcome is lost joins again as the same person; another name is another one", () => {
  const wire = new Wire();
  const store = new MemoryStore();
  const room = new Room(wire, new Session(store), new Outbox(store));
  room.enter("Анна");
  wire.reconnect();
  wire.open();
  wire.hear({ type: "error", code: "name_taken" });
  room.enter("Аня");
  room.enter("", "", "123 456");
  wire.reconnect();
  wire.open();
  const [first, again, other, byCode, byCodeAgain] = wire.take();
  assert.equal(again.session, first.session);
  assert.notEqual(other.session, first.session);
  assert.notEqual(byCode.session, other.session);
  assert.ok(byCode.session.length >= 16, "a shorter one is replaced by the room");
  assert.deepEqual(byCodeAgain, byCode);
});

test("a message is shown at once, and gets its place with its ack", () => {
  const { wire, room } = page();
  room.say("привет");
  const [{ ref, text }] = wire.take();
  assert.equal(text, "привет");
  assert.equal(room.outbox.pending.length, 1);
  wire.hear(message(1, "Борис"), { type: "ack", ref, id: 2, at: AT });
  assert.deepEqual(ids(room), [1, 2]);
  assert.equal(room.outbox.messages.length, 0);
});

test("messages written offline are sent after the reconnect, in order, with the same refs", () => {
  const { wire, room } = page();
  room.say("один");
  const [{ ref }] = wire.take();
  wire.enter("waiting");
  room.say("два");
  assert.deepEqual(wire.take(), []);
  wire.open();
  wire.welcome();
  const says = wire.take().filter(({ type }) => type === "say");
  assert.deepEqual(
    says.map(({ text }) => text),
    ["один", "два"],
  );
  assert.equal(says[0].ref, ref);
});

test("pending messages are sent after a reload", () => {
  const { wire, room, store } = page();
  wire.enter("waiting");
  room.say("до перезагрузки");
  const after = page(store);
  assert.deepEqual(
    after.wire.take().map(({ text }) => text),
    ["до перезагрузки"],
  );
});

test("a message whose ack was lost is shown once, though it is replayed", () => {
  const { wire, room } = page();
  room.say("да");
  const [{ ref }] = wire.take();
  wire.enter("waiting");
  wire.open();
  wire.welcome({ last: 1, messages: [message(1, "Анна", "да")] });
  assert.deepEqual([ids(room), room.outbox.messages.map(({ replayed }) => replayed)], [[1], [true]]);
  wire.hear({ type: "ack", ref, id: 1, at: AT });
  assert.deepEqual([ids(room), room.outbox.messages.length], [[1], 0]);
});

test("a refused message fails with its reason, and can be retried or discarded", () => {
  const { wire, room } = page();
  room.say("слишком");
  const [{ ref }] = wire.take();
  wire.hear({ type: "error", code: "unavailable", ref });
  assert.equal(room.outbox.get(ref).code, "unavailable");
  room.retry(ref);
  assert.deepEqual(wire.take(), [{ type: "say", ref, text: "слишком" }]);
  room.discard(ref);
  assert.equal(room.outbox.messages.length, 0);
});

test("too_fast is no failure: the message is sent again after the given time", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { wire, room } = page();
  room.say("быстро");
  const [{ ref }] = wire.take();
  wire.hear({ type: "error", code: "too_fast", ref, retry_after: 1.5 });
  t.mock.timers.tick(1499);
  assert.deepEqual(wire.take(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(wire.take(), [{ type: "say", ref, text: "быстро" }]);
});

test("a taken name is refused, and another one tried on the same connection", () => {
  const wire = new Wire();
  const store = new MemoryStore();
  const room = new Room(wire, new Session(store), new Outbox(store));
  const codes = [];
  room.refused.on(({ code }) => codes.push(code));
  room.enter("Анна");
  wire.hear({ type: "error", code: "name_taken" });
  room.enter("Анна 2");
  assert.deepEqual(codes, ["name_taken"]);
  assert.deepEqual(
    wire.take().map(({ name }) => name),
    ["Анна", "Анна 2"],
  );
  wire.enter("waiting");
  assert.equal(wire.state.phase, "waiting");
});

test("without a name the page does not reconnect", () => {
  const wire = new Wire();
  const store = new MemoryStore();
  const room = new Room(wire, new Session(store), new Outbox(store));
  room.enter("Анна");
  wire.hear({ type: "error", code: "name_taken" });
  wire.enter("waiting");
  assert.equal(wire.state.phase, "idle");
});

test("history fills the gap it was requested for; one request at a time", async () => {
  const messages = [message(60, "Борис")];
  const { wire, room } = page(new MemoryStore(), { last: 60, messages, more: true });
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 100, before: 60 }]);
  const found = room.history.find(7);
  assert.deepEqual(wire.take(), []);
  wire.answer("history", {
    type: "history",
    messages: [message(58, "Борис"), message(59, "Борис")],
    more: true,
  });
  assert.deepEqual(ids(room), [58, 59, 60]);
  await new Promise(setImmediate);
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 100, before: 57 }]);
  wire.answer("history", {
    type: "history",
    messages: [message(7, "Борис"), message(8, "Борис")],
    more: false,
  });
  assert.equal(await found, true);
  assert.equal(await room.history.find(3), false);
});

test("a room that does not answer is considered gone", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { wire, room } = page(new MemoryStore(), { last: 60, messages: [message(60, "Б")], more: true });
  t.mock.timers.tick(15_000);
  assert.equal(wire.state.phase, "waiting");
  assert.equal(room.joined, false);
  assert.equal(room.timeline.items[0].loading, false);
});

test("a search is answered, or refused, beside history", async () => {
  const { wire, room } = page(new MemoryStore(), { last: 60, messages: [message(60, "Борис")], more: true });
  const codes = [];
  room.failed.on(code => codes.push(code));
  room.search.setQuery("привет");
  room.search.retry();
  assert.deepEqual(
    wire.take().map(({ type }) => type),
    ["history", "search"],
  );
  wire.answer("search", { type: "error", code: "unavailable" });
  assert.deepEqual([room.search.phase, room.timeline.items[0].loading, codes], ["failed", true, []]);
  room.search.retry();
  wire.answer("history", { type: "history", messages: [message(59, "Борис")], more: false });
  wire.answer("search", {
    type: "found",
    messages: [message(7, "Борис"), message(9, "Борис")],
    more: false,
  });
  assert.deepEqual(ids(room), [59, 60]);
  assert.deepEqual(
    room.search.result.messages.map(({ id }) => id),
    [9, 7],
  );
});

test("messages missed while away are unread, also after a reload", () => {
  const { wire, room, store } = page(new MemoryStore(), { last: 1, messages: [message(1, "Борис")] });
  room.unread.setReading(true, 1);
  wire.enter("waiting");
  wire.open();
  const missed = { last: 9, missed: 6, messages: [message(8, "Борис"), message(9, "Анна")] };
  wire.welcome(missed);
  assert.deepEqual([room.unread.count, room.unread.dividerAfter], [7, 1]);
  const reloaded = page(store, { ...missed, more: true });
  assert.deepEqual(reloaded.join.since, { epoch: "e", id: 1 });
  assert.deepEqual([reloaded.room.unread.count, reloaded.room.unread.dividerAfter], [7, 1]);
});

test("after a reload with more unread than is sent at once, the place where they begin is loaded", async () => {
  const { room, store } = page(new MemoryStore(), { last: 100, messages: [message(100, "Борис")] });
  room.unread.setReading(true, 100);
  const newest = [message(699, "Борис"), message(700, "Анна")];
  const reloaded = page(store, { last: 700, missed: 598, messages: newest, more: true });
  assert.equal(reloaded.room.unread.count, 599);
  assert.deepEqual(
    reloaded.behind.map(({ ref: _, ...request }) => request),
    [{ type: "history", limit: 50, before: 125 }],
  );
  const messages = Array.from({ length: 50 }, (_, index) => message(75 + index, "Анна"));
  reloaded.wire.answer("history", { type: "history", messages, more: true });
  assert.deepEqual([reloaded.room.unread.count, reloaded.room.unread.dividerAfter], [575, 100]);
  assert.deepEqual(ids(reloaded.room).slice(-3), [124, 699, 700]);
  assert.deepEqual(reloaded.wire.take(), []);
});

test("what is requested behind a join that is refused is requested again behind the next", () => {
  const { room, store } = page(new MemoryStore(), { last: 9, messages: [message(9, "Борис")] });
  room.unread.setReading(true, 9);
  const wire = new Wire();
  const reloaded = new Room(wire, new Session(store), new Outbox(store));
  const codes = [];
  reloaded.failed.on(code => codes.push(code));
  reloaded.enter("Анна");
  wire.open();
  wire.hear({ type: "error", code: "password_required" });
  wire.answer("history", { type: "error", code: "not_joined" });
  reloaded.enter("Анна", "тайна");
  wire.welcome({ last: 9, more: true });
  wire.answer("history", {
    type: "history",
    messages: [message(8, "Борис"), message(9, "Борис")],
    more: true,
  });
  assert.deepEqual([ids(reloaded), codes], [[8, 9], []]);
  wire.close();
});

test("another log starts with nothing unread", () => {
  const { wire, room } = page(new MemoryStore(), { last: 50, messages: [message(50, "Борис")] });
  wire.enter("waiting");
  wire.open();
  wire.welcome({ epoch: "f", last: 2, messages: [message(1, "Борис"), message(2, "Борис")] });
  assert.deepEqual(ids(room), [null, 1, 2]);
  assert.deepEqual([room.unread.count, room.timeline.newest], [0, 2]);
});

test("leaving tells the room, and forgets the identity and unsent messages", () => {
  const { wire, room, store } = page();
  wire.hear({ type: "error", code: "blank" });
  room.say("не дошло");
  room.leave();
  assert.equal(wire.sent.at(-1).type, "leave");
  assert.equal(wire.state.phase, "idle");
  assert.equal(new Session(store).name, "");
  assert.deepEqual(new Outbox(store).messages, []);
  assert.deepEqual(room.timeline.items, []);
  assert.equal(room.search.available, false);
});

test("a room without identities and history works", () => {
  const { wire, room, store } = page(new MemoryStore(), { session: "", epoch: "", last: 0, members: [] });
  wire.hear(message(1, "Борис"), { type: "joined", name: "Вера", at: AT });
  assert.deepEqual(room.members.names, ["Анна", "Вера"]);
  assert.deepEqual([ids(room), room.search.available], [[1], false]);
  const again = page(store, { session: "", epoch: "x", last: 0, members: [] });
  assert.equal(again.join.name, "Анна");
  assert.equal("session" in again.join, false);
});

test("the newest messages are loaded as far back as asked", async () => {
  const messages = Array.from({ length: 60 }, (_, index) => message(900 + index * 10, "Борис"));
  const { wire, room } = page(new MemoryStore(), { last: 1495, messages, more: true });
  assert.equal(await room.history.findBack(60), 900);
  const found = room.history.findBack(62);
  await new Promise(setImmediate);
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 2, before: 900 }]);
  wire.answer("history", {
    type: "history",
    messages: [message(500, "Борис"), message(800, "Борис")],
    more: true,
    first: 451,
  });
  assert.equal(await found, 500);
  wire.enter("waiting");
  assert.equal(await room.history.findBack(63), 500);
});

test("the first message since a time is found with few requests", async () => {
  const { wire, room } = page(new MemoryStore(), {
    last: 90_000,
    messages: [message(90_000, "Б")],
  });
  wire.take();
  const begin = Date.parse(AT);
  const said = Array.from({ length: 3000 }, (_, index) => 7 + index * 30); // the others were acts
  const find = async time => {
    const found = room.history.findSince(time);
    let requests = 0;
    for (;;) {
      await new Promise(setImmediate);
      const [request] = wire.take();
      if (!request) return [await found, requests];
      requests += 1;
      const ids = said.filter(id => id < request.before).slice(-request.limit);
      const messages = ids.map(id => ({
        ...message(id, "Б"),
        at: new Date(begin + id * 1000).toISOString(),
      }));
      wire.answer("history", { type: "history", messages, more: ids[0] !== said[0], first: ids[0] });
    }
  };
  for (const [seconds, id] of [
    [0, 7],
    [7, 7],
    [8, 37],
    [45_000, 45_007],
    [89_977, 89_977],
    [89_978, null],
  ]) {
    const [found, requests] = await find(begin + seconds * 1000);
    assert.equal(found, id, `${seconds}`);
    assert.ok(requests <= 14, `${requests} requests`);
  }
});

test("a message is found though the answer does not go back to it", async () => {
  const { wire, room } = page(new MemoryStore(), { last: 900, messages: [message(900, "Б")], more: true });
  wire.answer("history", { type: "history", messages: [message(800, "Б")], more: true, first: 800 });
  wire.take();
  const found = room.history.find(300);
  await new Promise(setImmediate);
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 100, before: 350 }]);
  wire.answer("history", { type: "history", messages: [message(340, "Б")], more: true, first: 331 });
  await new Promise(setImmediate);
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 100, before: 301 }]);
  wire.answer("history", { type: "history", messages: [message(300, "Б")], more: true, first: 280 });
  assert.equal(await found, true);
});
