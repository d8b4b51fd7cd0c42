import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { ACTING, AT, message, page } from "./wire.js";

const now = () => new Date().toISOString();

/** The page of Анна, in a room that knows acts; the messages 1 and 2 are hers and Борис'. */
function acting(welcome = {}, store = new MemoryStore()) {
  const messages = [
    { ...message(1, "Анна", "моё"), at: now(), mine: true },
    { ...message(2, "Борис", "чужое"), at: now() },
  ];
  return page(store, { ...ACTING, last: 2, messages, ...welcome });
}

const shownOf = (room, id) => room.acts.show([room.timeline.get(id)])[0];
const reactionsOf = (room, id) =>
  shownOf(room, id).reactions.map(
    ({ emoji, count, names, mine }) => `${emoji}${count}${mine ? "!" : ""} ${names.join(" ")}`,
  );
const lose = ({ wire }, welcome = {}) => {
  wire.enter("waiting");
  wire.open();
  wire.take();
  wire.welcome({ ...ACTING, last: 2, ...welcome });
};
const changed = (id, of, fields = {}, more = {}) => ({
  type: "changed",
  id,
  at: AT,
  by: "Борис",
  act: "edit",
  message: { ...of, ...fields },
  ...more,
});

test("what the room does not know is not offered", () => {
  const { room } = page(new MemoryStore(), { last: 1, messages: [message(1, "Анна")] });
  const [item] = room.timeline.items;
  for (const ask of ["canAnswer", "canEdit", "canRemove", "canReact"])
    assert.equal(room.acts[ask](item), false);
  assert.equal(item.mine, true);
});

test("one's own can be edited for a while, and removed; others' only answered and reacted to", () => {
  const old = { ...message(0, "Анна"), mine: true };
  const stranger = { ...message(3, "Анна"), at: now() };
  const { room } = acting();
  const may = item =>
    ["canAnswer", "canEdit", "canRemove", "canReact"].map(ask => Number(room.acts[ask](item))).join("");
  room.timeline.add({ ...old, id: 4 });
  room.timeline.add(stranger);
  room.timeline.add({ ...message(5, "Сервер"), notice: { act: "kick", by: "Анна" }, mine: true });
  room.timeline.add({ ...message(6, "Анна"), at: now(), deleted: true, mine: true });
  room.timeline.add({ ...message(7, "Сервер"), notice: { act: "announce", by: "Борис" } });
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map(id => may(room.timeline.get(id))),
    ["1111", "1001", "1001", "1011", "0000", "0000", "1001"],
  );
  assert.deepEqual([room.acts.lastOwn().id, room.acts.lastOfOthers().id], [1, 3]);
});

test("an edit is shown at once, is pending until its ack, and is the room's then", () => {
  const { wire, room } = acting();
  room.acts.edit(1, "новое");
  const [{ ref, ...sent }] = wire.take();
  assert.deepEqual(sent, { type: "edit", id: 1, text: "новое" });
  assert.deepEqual([shownOf(room, 1).text, shownOf(room, 1).acts[0].state], ["новое", "pending"]);
  assert.equal(room.timeline.get(1).text, "моё");
  wire.hear(changed(3, message(1, "Анна", "новое"), { edited: AT }, { by: "Анна", mine: [] }));
  wire.hear({ type: "ack", ref, id: 3, at: AT });
  const { text, edited, acts, mine } = shownOf(room, 1);
  assert.deepEqual([text, edited, acts, mine], ["новое", AT, undefined, true]);
  assert.equal(room.timeline.newest, 3);
});

test("a refused act is taken back and says why; it can be forgotten, or done again if that helps", () => {
  const { wire, room } = acting();
  const failed = [];
  room.acts.failed.on(({ type, code }) => failed.push(`${type} ${code}`));
  room.acts.edit(1, "новое");
  wire.answer("edit", { type: "error", code: "too_late" });
  let [act] = shownOf(room, 1).acts;
  assert.deepEqual([shownOf(room, 1).text, act.code, room.acts.canRetry(act)], ["моё", "too_late", false]);
  room.retry(act.ref);
  assert.equal(wire.take().length, 1);
  room.discard(act.ref);
  assert.equal(shownOf(room, 1).acts, undefined);
  room.acts.remove(1);
  assert.equal(shownOf(room, 1).deleted, true);
  wire.answer("delete", { type: "error", code: "muted", retry_after: 60 });
  [act] = shownOf(room, 1).acts;
  assert.deepEqual(
    [shownOf(room, 1).deleted, room.acts.canRetry(act), act.until > Date.now()],
    [false, true, true],
  );
  wire.take();
  room.retry(act.ref);
  assert.deepEqual(wire.take(), [{ type: "delete", ref: act.ref, id: 1 }]);
  assert.deepEqual(failed, ["edit too_late", "delete muted"]);
});

test("quick toggles of a reaction become the last one", () => {
  const { wire, room } = acting();
  room.acts.react(2, "👍");
  assert.deepEqual(reactionsOf(room, 2), ["👍1! Анна"]);
  for (let count = 0; count < 4; count++) room.acts.react(2, "👍");
  room.acts.react(2, "❤️");
  assert.deepEqual(wire.takeBare(), [
    { type: "react", id: 2, emoji: "👍", on: true },
    { type: "react", id: 2, emoji: "❤️", on: true },
  ]);
  wire.answer("react", { type: "ack", id: 3, at: AT });
  assert.deepEqual(wire.take(), []);
  room.acts.react(2, "🎉");
  room.acts.react(2, "🎉");
  assert.deepEqual(reactionsOf(room, 2), ["❤️1! Анна"]);
  wire.take();
  wire.answer("react", { type: "ack", id: 4, at: AT });
  wire.answer("react", { type: "ack", id: 5, at: AT });
  assert.deepEqual(wire.takeBare(), [{ type: "react", id: 2, emoji: "🎉", on: false }]);
  wire.enter("waiting");
  room.acts.react(2, "🎈");
  room.acts.react(2, "🎈");
  assert.equal(room.outbox.acts.filter(({ emoji }) => emoji === "🎈").length, 0);
});

test("acts made offline are sent after the reconnect, and after a reload, with the same refs", () => {
  const tab = acting();
  tab.wire.enter("waiting");
  tab.room.acts.edit(1, "без связи");
  tab.room.acts.react(2, "👍");
  const refs = tab.room.outbox.acts.map(({ ref }) => ref);
  assert.deepEqual(tab.room.sender.count(), { messages: 0, acts: 2, drafts: 0 });
  const sent = ({ wire }) => wire.take().filter(({ type }) => type !== "history");
  const reloaded = acting({}, tab.store);
  assert.deepEqual(
    sent(reloaded).map(({ type, ref }) => [type, ref]),
    [
      ["edit", refs[0]],
      ["react", refs[1]],
    ],
  );
  assert.equal(shownOf(reloaded.room, 1).text, "без связи");
  lose(reloaded);
  assert.deepEqual(
    sent(reloaded).map(({ ref }) => ref),
    refs,
  );
});

test("an act on a message without an ack waits for it", () => {
  const { wire, room } = acting();
  room.say("опечтка");
  const [{ ref }] = wire.take();
  room.acts.edit(ref, "опечатка");
  room.acts.react(ref, "👍");
  assert.deepEqual(wire.take(), []);
  const [shown] = room.acts.showOutgoing(room.outbox.messages);
  assert.deepEqual([shown.text, shown.reactions.length, shown.acts.length], ["опечатка", 1, 2]);
  wire.hear({ type: "ack", ref, id: 7, at: now() });
  assert.deepEqual(wire.takeBare(), [
    { type: "edit", id: 7, text: "опечатка" },
    { type: "react", id: 7, emoji: "👍", on: true },
  ]);
  room.acts.remove(ref); // its row has been looked at before the ack
  assert.deepEqual(wire.takeBare(), [{ type: "delete", id: 7 }]);
});

test("in another log an act fails and says so, an answer too; neither is ever sent", () => {
  const tab = acting();
  const { wire, room } = tab;
  const failed = [];
  room.acts.failed.on(({ code }) => failed.push(code));
  wire.enter("waiting");
  room.acts.edit(1, "новое");
  room.say("ответ", { reply: 2 });
  lose(tab, { epoch: "f", last: 9 });
  assert.deepEqual([wire.take(), failed], [[], ["new_log"]]);
  const [former] = room.acts.show(room.timeline.items);
  assert.deepEqual([former.id, former.acts[0].state, former.text], [null, "failed", "моё"]);
  room.retry(former.acts[0].ref);
  assert.deepEqual(wire.take(), []);
  const [{ ref, code }] = room.outbox.messages;
  assert.equal(code, "new_log");
  room.retry(ref);
  assert.deepEqual(wire.take(), [{ type: "say", ref, text: "ответ" }]);
});

test("what was begun in another log fails there, even if the log of now is not known yet", () => {
  const tab = acting();
  const { wire, room } = tab;
  wire.enter("waiting");
  const former = { id: 2, name: "Борис", excerpt: "вопрос", epoch: "c" };
  room.say("ответ", { reply: former });
  room.acts.edit(1, "новое", "c");
  assert.equal(room.outbox.messages[0].epoch, "c");
  lose(tab, { epoch: "f", last: 9 });
  assert.deepEqual(wire.take(), []);
  assert.deepEqual([room.outbox.messages[0].code, room.outbox.acts[0].code], ["new_log", "new_log"]);
});

test("in a log that has lost its end, an act on a message that is gone fails", () => {
  const tab = acting();
  tab.wire.enter("waiting");
  tab.room.acts.react(2, "👍");
  tab.room.acts.react(1, "👍");
  lose(tab, { last: 1 });
  assert.deepEqual(tab.wire.takeBare(), [{ type: "react", id: 1, emoji: "👍", on: true }]);
  assert.deepEqual(
    tab.room.outbox.acts.map(({ id, code }) => [id, code]),
    [
      [2, "new_log"],
      [1, undefined],
    ],
  );
});
