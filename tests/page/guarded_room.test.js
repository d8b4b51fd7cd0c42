import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { AT, message, page, Wire } from "./wire.js";

const notice = (id, fields) => ({ ...message(id, "Сервер", "…"), notice: { by: "Вера", ...fields } });
const texts = room => room.timeline.items.map(({ text, deleted }) => (deleted ? "×" : text));

/** A page before joining; refusals and departures are recorded. */
function loginPage(store = new MemoryStore()) {
  const wire = new Wire();
  const room = new Room(wire, new Session(store), new Outbox(store));
  const refused = [];
  const left = [];
  room.refused.on(({ code }) => refused.push(code));
  room.left.on(departure => left.push(departure));
  return { wire, room, refused, left, store };
}

const refuse = (wire, code, fields = {}) => wire.hear({ type: "error", code, ...fields });

test("a password is sent after the room asks for it, again after every loss, and never stored", () => {
  const { wire, room, refused, store } = loginPage();
  room.enter("Анна");
  refuse(wire, "password_required");
  room.enter("Анна", "неверный");
  refuse(wire, "password_wrong");
  room.enter("Анна", "тайна");
  wire.welcome();
  wire.enter("waiting");
  wire.open();
  assert.deepEqual(refused, ["password_required", "password_wrong"]);
  assert.deepEqual(
    wire.take().map(({ password }) => password),
    [undefined, "неверный", "тайна", "тайна"],
  );
  for (let index = 0; index < store.length; index++) {
    assert.ok(!store.getItem(store.key(index)).includes("тайна"));
  }
  room.leave();
  wire.take();
  room.enter("Анна");
  assert.equal(wire.take()[0].password, undefined);
});

test("a removed member is at the login again, and can come back with the same session", () => {
  for (const [reason, resent] of Object.entries({ kicked: 0, banned: 0, password: 1 })) {
    const { wire, room, left, store } = loginPage();
    room.enter("Анна");
    wire.welcome();
    room.say("не дошло");
    assert.equal(room.sender.count().messages, 1);
    wire.take();
    wire.enter("stopped", reason);
    assert.deepEqual([left, room.joined, room.timeline.items], [[{ reason }], false, []]);
    assert.equal(new Session(store).countUnsent().messages, resent);
    room.enter("Анна");
    const [join] = wire.take();
    assert.equal(join.session, "secret");
    wire.welcome();
    assert.equal(wire.take().filter(({ type }) => type === "say").length, resent);
  }
});

test("a member banned while here learns until when, and the moderator's reason", () => {
  const { wire, room, refused, left } = loginPage();
  room.enter("Анна");
  wire.welcome();
  wire.hear(notice(1, { act: "kick", target: "Борис", text: "не то" }));
  wire.hear(notice(2, { act: "ban", target: "Анна", seconds: 60, text: "ругань" }));
  refuse(wire, "banned", { retry_after: 60 });
  assert.deepEqual([refused, left], [[], []]);
  wire.enter("stopped", "banned");
  const [{ reason, ban, comment }] = left;
  assert.deepEqual([reason, ban.retry_after, comment], ["banned", 60, "ругань"]);
  room.enter("Анна");
  wire.welcome();
  wire.enter("stopped", "kicked");
  assert.deepEqual(left[1], { reason: "kicked" });
});

test("a removal is shown by its notice only", () => {
  const { wire, room } = page(new MemoryStore(), { members: ["Борис", "Вера", "Глеб"] });
  for (const [name, reason] of Object.entries({ Борис: "kicked", Вера: "banned", Глеб: "slow" }))
    wire.hear({ type: "left", name, at: AT, reason });
  assert.deepEqual(room.members.names, ["Анна"]);
  assert.deepEqual(
    room.timeline.items.map(({ name }) => name),
    ["Глеб"],
  );
});

test("a delay is shown in the login form before joining, at the composer after it", () => {
  const { wire, room } = loginPage();
  const waits = [];
  room.delayed.on(seconds => waits.push(seconds));
  room.enter("Анна", "неверный");
  wire.hear({ type: "throttled", seconds: 4 });
  assert.deepEqual([waits, room.throttle.until], [[4], 0]);
  wire.welcome();
  room.say("потом");
  wire.hear({ type: "throttled", seconds: 2 });
  assert.deepEqual(waits, [4]);
  assert.ok(room.throttle.until > 0);
  room.throttle.end();
});

test("another name starts a new session", () => {
  const { wire, room } = loginPage();
  room.enter("Анна");
  wire.welcome();
  wire.enter("stopped", "kicked");
  wire.take();
  room.enter("Алла");
  assert.notEqual(wire.take()[0].session, "secret");
});

test("who has left for good on another device is at the login form, as somebody new", () => {
  const { wire, room, left } = loginPage();
  room.enter("Анна");
  wire.welcome();
  room.say("не отправлено");
  wire.enter("stopped", "left_elsewhere");
  assert.deepEqual(left, [{ reason: "elsewhere" }]);
  wire.take();
  room.enter("Анна");
  assert.notEqual(wire.take()[0].session, "secret");
  wire.welcome();
  assert.deepEqual(
    wire.take().filter(({ type }) => type === "say"),
    [],
  );
});

test("a ban at the login is shown with its end, and the bye does not replace it", () => {
  const { wire, room, refused, left } = loginPage();
  room.enter("Анна");
  refuse(wire, "banned", { retry_after: 60 });
  wire.enter("stopped", "banned");
  assert.deepEqual([refused, left], [["banned"], []]);
});

test("a muted member's message fails, with the time from which it can be sent", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const { wire, room } = page();
  room.say("можно?");
  const [{ ref }] = wire.take();
  refuse(wire, "muted", { ref, retry_after: 540 });
  const { state, code, until } = room.outbox.get(ref);
  assert.deepEqual([state, code, until], ["failed", "muted", 540_000]);
  assert.equal(room.moderation.mutes.until("Анна"), 540_000);
  wire.hear(notice(1, { act: "mute", target: "Анна" }));
  assert.equal(room.outbox.get(ref).until, undefined);
  wire.hear(notice(2, { act: "mute", target: "Анна", seconds: 600 }));
  assert.equal(room.outbox.get(ref).until, 600_000);
  wire.hear(notice(3, { act: "unmute", target: "Борис" }));
  assert.equal(room.outbox.get(ref).until, 600_000);
  t.mock.timers.tick(5000);
  wire.hear(notice(4, { act: "unmute", target: "Анна" }));
  assert.equal(room.outbox.get(ref).until, 5000);
  room.retry(ref);
  assert.deepEqual([room.outbox.get(ref).until, wire.take().length], [undefined, 1]);
});

test("the throttle is shown only while messages wait", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const { wire, room } = page();
  wire.hear({ type: "throttled", seconds: 3 });
  assert.equal(room.throttle.until, 0);
  room.say("раз");
  room.say("два");
  const [one, two] = wire.take();
  wire.hear({ type: "throttled", seconds: 3 }, { type: "ack", ref: one.ref, id: 1, at: AT });
  assert.equal(room.throttle.until, 3000);
  wire.hear({ type: "ack", ref: two.ref, id: 2, at: AT });
  assert.equal(room.throttle.until, 0);
  room.say("три");
  wire.hear({ type: "throttled", seconds: 3 });
  wire.enter("waiting");
  assert.equal(room.throttle.until, 0);
});

test("a deleted message loses its text: live, among missed messages, and in older history", async () => {
  const welcome = { last: 9, messages: [message(7, "Борис"), message(8, "Борис"), message(9, "Борис")] };
  const { wire, room } = page(new MemoryStore(), { ...welcome, more: true });
  wire.take();
  wire.hear(notice(10, { act: "delete", id: 8 }));
  assert.deepEqual(texts(room).slice(1), ["№ 7", "×", "№ 9", "…"]);
  wire.answer("history", {
    type: "history",
    messages: [{ ...message(6, "Борис", ""), deleted: true }],
    more: false,
  });
  assert.deepEqual(texts(room), ["×", "№ 7", "×", "№ 9", "…"]);
  wire.enter("waiting");
  wire.open();
  wire.welcome({ last: 11, messages: [notice(11, { act: "delete", id: 9 })] });
  assert.deepEqual(texts(room), ["×", "№ 7", "×", "×", "…", "…"]);
});

test("a deleted message is removed from the hits, also from an answer that comes later", () => {
  const { wire, room } = page();
  room.search.setQuery("номер");
  room.search.retry();
  wire.answer("search", { type: "found", messages: [message(7, "Борис"), message(8, "Борис")], more: true });
  wire.hear(notice(10, { act: "delete", id: 8 }));
  assert.deepEqual(
    room.search.result.messages.map(({ id }) => id),
    [7],
  );
  room.search.loadMore();
  wire.hear(notice(11, { act: "delete", id: 3 }));
  wire.answer("search", { type: "found", messages: [message(3, "Борис"), message(4, "Борис")], more: false });
  assert.deepEqual(
    room.search.result.messages.map(({ id }) => id),
    [7, 4],
  );
});

test("a notice counts as unread, except for the moderator who caused it", () => {
  const { wire, room } = page();
  wire.hear(notice(1, { act: "kick", target: "Борис", by: "Анна" }));
  assert.equal(room.unread.count, 0);
  wire.hear(notice(2, { act: "kick", target: "Борис" }));
  assert.equal(room.unread.count, 1);
});

test("moderation and search each get their own answers", async () => {
  const { wire, room } = page(new MemoryStore(), { moderator: true });
  const codes = [];
  room.failed.on(code => codes.push(code));
  assert.ok(room.moderation.moderator);
  room.search.setQuery("привет");
  room.search.retry();
  const answer = room.moderation.whois("Борис");
  wire.answer("whois", { type: "error", code: "not_found" });
  assert.equal((await answer).code, "not_found");
  assert.equal(room.search.phase, "asking");
  wire.answer("search", { type: "error", code: "unavailable" });
  assert.equal(room.search.phase, "failed");
  refuse(wire, "unavailable");
  assert.deepEqual(codes, ["unavailable"]);
});

const FOUND = { type: "found", messages: [message(7, "Борис")], more: false };
const TOO_FAST = { type: "error", code: "too_fast", retry_after: 1.5 };

test("a search refused while bans are requested is repeated, and the bans arrive", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { wire, room } = page(new MemoryStore(), { moderator: true });
  room.search.setQuery("привет");
  room.search.retry();
  const bans = room.moderation.bans();
  wire.answer("search", TOO_FAST);
  wire.answer("bans", { type: "bans" });
  assert.equal((await bans).type, "bans");
  wire.take();
  t.mock.timers.tick(1500);
  assert.deepEqual(wire.takeBare(), [{ type: "search", query: "привет", limit: 20 }]);
  wire.answer("search", FOUND);
  assert.equal(room.search.phase, "answered");
});

test("a refusal of bans while a search runs fails the bans, and the search is answered", async () => {
  const { wire, room } = page(new MemoryStore(), { moderator: true });
  const bans = room.moderation.bans();
  room.search.setQuery("привет");
  room.search.retry();
  wire.answer("bans", TOO_FAST);
  const { code, retry_after } = await bans;
  assert.deepEqual([code, retry_after, room.search.phase], ["too_fast", 1.5, "asking"]);
  wire.answer("search", FOUND);
  assert.equal(room.search.phase, "answered");
});
