import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { quoteOf } from "../../static/js/model/message_state.js";
import { ACTING, AT, message, page } from "./wire.js";

const like = (emoji, count, names, more = {}) => ({ emoji, count, names, ...more });

/** The page of Анна, which has the messages 1 of Борис, 2, an answer to it, and 3 of Анна. */
function reading(welcome = {}, store = new MemoryStore()) {
  const messages = [
    message(1, "Борис", "раз"),
    { ...message(2, "Вера", "ответ"), reply: { id: 1, name: "Борис", excerpt: "раз" } },
    { ...message(3, "Анна", "моё"), mine: true },
  ];
  return page(store, { ...ACTING, last: 3, messages, ...welcome });
}

const change = (id, of, more = {}) => ({
  type: "changed",
  id,
  at: AT,
  by: "Борис",
  act: "edit",
  message: of,
  ...more,
});
const marks = (room, id) =>
  room.timeline
    .get(id)
    .reactions.map(({ emoji, count, mine }) => emoji + count + (mine ? "!" : ""))
    .join(" ");
const again = ({ wire }, welcome) => {
  wire.enter("waiting");
  wire.open();
  const { since } = wire.take().find(({ type }) => type === "join");
  wire.welcome({ ...ACTING, ...welcome });
  return since;
};

test("a change is applied to the message and to the quotes of it; a message that is not here is ignored", () => {
  const { wire, room } = reading();
  const versions = [1, 2, 3].map(id => room.timeline.get(id).version);
  wire.hear(change(4, { ...message(1, "Борис", "два\n три"), edited: AT }), change(5, message(99, "Борис")));
  const [item, answer] = [1, 2].map(id => room.timeline.get(id));
  assert.deepEqual(
    [item.text, item.edited, answer.reply],
    ["два\n три", AT, { id: 1, name: "Борис", excerpt: "два три" }],
  );
  assert.deepEqual(
    [1, 2, 3].map((id, index) => room.timeline.get(id).version > versions[index]),
    [true, true, false],
  );
  wire.hear(change(6, { ...message(1, "Борис", ""), deleted: true }, { act: "delete" }));
  assert.deepEqual([item.deleted, item.text, answer.reply.excerpt, room.timeline.newest], [true, "", "", 6]);
});

test("a change that is late or repeated changes nothing", () => {
  const { wire, room } = reading();
  const [older, newer] = [change(4, message(1, "Борис", "старое")), change(5, message(1, "Борис", "новое"))];
  wire.hear(newer, older, newer);
  assert.equal(room.timeline.get(1).text, "новое");
});

test("the reader's marks come only from what is sent to the reader", () => {
  const { wire, room } = reading();
  const both = {
    ...message(1, "Борис"),
    reactions: [like("👍", 2, ["Анна", "Борис"]), like("🎉", 1, ["Вера"])],
  };
  wire.hear(change(5, both));
  assert.equal(marks(room, 1), "👍2 🎉1");
  wire.hear(change(6, both, { mine: ["👍", "❤️"] }));
  assert.equal(marks(room, 1), "👍2! 🎉1");
  wire.hear(change(7, { ...both, reactions: [like("👍", 3, []), like("❤️", 1, [])] }));
  assert.equal(marks(room, 1), "👍3! ❤️1");
  wire.hear(change(8, { ...both, reactions: [like("❤️", 1, [])] }), change(9, both));
  assert.equal(marks(room, 1), "👍2 🎉1"); // what was nobody's is not the reader's when it comes back
});

test("of one batch, an older change with the reader's marks may follow the newest one", () => {
  const { wire, room } = reading();
  const now = { ...message(1, "Борис"), reactions: [like("👍", 1, ["Анна"]), like("🎉", 1, ["Вера"])] };
  wire.hear(change(6, now), change(5, { ...now, reactions: [like("👍", 1, ["Анна"])] }, { mine: ["👍"] }));
  assert.equal(marks(room, 1), "👍1! 🎉1");
  wire.hear(change(4, now, { mine: [] })); // late
  assert.equal(marks(room, 1), "👍1! 🎉1");
});

test("a deleted message is no unread one, nor found by a search that is under way", () => {
  const { wire, room } = reading();
  room.search.setQuery("номер");
  room.search.retry();
  wire.hear(message(4, "Борис"), message(5, "Борис"), message(6, "Борис"));
  assert.equal(room.unread.count, 3);
  wire.hear(
    change(7, { ...message(4, "Борис", ""), deleted: true }),
    change(8, message(5, "Борис", "№ пять")),
  );
  assert.equal(room.unread.count, 2);
  wire.answer("search", { type: "found", messages: [4, 5, 6].map(id => message(id, "Борис")), more: false });
  const found = () => room.search.result.messages.map(({ id, text }) => `${id} ${text}`);
  assert.deepEqual(found(), ["6 № 6", "5 № пять"]);
  wire.hear(
    change(9, message(6, "Борис", "№ шесть")),
    change(10, { ...message(5, "Борис", ""), deleted: true }),
  );
  assert.deepEqual(found(), ["6 № шесть"]);
  room.search.retry(); // what is found later is newer than what was heard before
  wire.answer("search", { type: "found", messages: [message(6, "Борис", "№ 6!")], more: false });
  assert.deepEqual(found(), ["6 № 6!"]);
});

test("a message that comes deleted is not unread", () => {
  const store = reading().store;
  const { room } = page(store, {
    ...ACTING,
    last: 5,
    messages: [{ ...message(4, "Борис", ""), deleted: true }],
  });
  assert.equal(room.unread.count, 0);
});

test("a moderator's deletion is shown once, whether or not a change follows its notice", () => {
  const { wire, room } = reading();
  const notice = { ...message(4, "Сервер"), notice: { act: "delete", by: "Глеб", id: 1 } };
  wire.hear(notice);
  const deleted = structuredClone(room.timeline.get(1));
  assert.deepEqual([deleted.deleted, deleted.text, room.timeline.get(2).reply.excerpt], [true, "", ""]);
  wire.hear(change(4, { ...message(1, "Борис", ""), deleted: true }, { by: "Глеб", act: "delete" }));
  const { version: _, ...after } = room.timeline.get(1);
  assert.deepEqual({ ...after, version: deleted.version, changedAt: deleted.changedAt }, deleted);
  assert.equal(room.timeline.items.length, 4);
});

test("the position counts acts and acks, after a loss and after a reload", () => {
  const tab = reading();
  tab.wire.hear(change(7, message(1, "Борис", "два")));
  tab.room.unread.setReading(true, tab.room.timeline.newest);
  assert.deepEqual(again(tab, { last: 7 }), { epoch: "e", id: 7 });
  tab.room.acts.react(1, "👍");
  tab.wire.answer("react", { type: "ack", id: 9, at: AT });
  assert.deepEqual(again(tab, { last: 12 }), { epoch: "e", id: 9 });
  assert.deepEqual(again(tab, { last: 12 }), { epoch: "e", id: 12 });
  assert.equal(reading({}, tab.store).join.since.id, 7);
});

test("what was changed while away is brought by the welcome, with the reader's marks", () => {
  const tab = reading();
  const now = { ...message(1, "Борис", "два"), reactions: [like("👍", 1, ["Анна"], { mine: true })] };
  const edited = { ...message(3, "Анна", "моё!"), mine: true, edited: AT };
  again(tab, { last: 9, messages: [message(8, "Борис")], changed: [now, edited] });
  const { room } = tab;
  assert.deepEqual(
    room.timeline.items.map(({ text }) => text),
    ["два", "ответ", "моё!", "№ 8"],
  );
  assert.deepEqual(
    [marks(room, 1), room.timeline.get(2).reply.excerpt, room.unread.count],
    ["👍1!", "два", 1],
  );
  tab.wire.hear(change(6, message(1, "Борис", "раз")));
  assert.equal(room.timeline.get(1).text, "два");
});

test("if too much has changed, what is held is dropped, and the place of the reader loaded anew", () => {
  const tab = reading();
  tab.room.unread.setReading(true, 3);
  again(tab, {
    last: 900,
    stale: true,
    messages: [message(800, "Борис"), message(801, "Борис")],
    more: true,
  });
  const { room, wire } = tab;
  assert.deepEqual(
    room.timeline.items.map(({ kind, id }) => id ?? kind),
    ["gap", 800, 801],
  );
  assert.deepEqual([room.unread.count, room.unread.lastRead, room.timeline.newest], [2, 3, 900]);
  assert.deepEqual(wire.takeBare(), [{ type: "history", limit: 100, before: 53 }]);
});

test("whose a message is, an older room tells by the name; what comes now is so too", () => {
  const old = page(new MemoryStore(), { last: 1, messages: [message(1, "Анна"), message(2, "Борис")] });
  const now = page(new MemoryStore(), {
    ...ACTING,
    last: 1,
    messages: [message(1, "Анна"), message(2, "Борис")],
  });
  const mine = ({ room }) => room.timeline.items.map(item => item.mine);
  assert.deepEqual(
    [mine(old), mine(now)],
    [
      [true, false],
      [false, false],
    ],
  );
  now.wire.hear(message(3, "Анна"), message(4, "Борис"));
  assert.deepEqual([mine(now).slice(2), now.room.unread.count], [[true, false], 1]);
});

test("a message concerns the reader whom it calls by name or answers; not the one who has written it", () => {
  const { room, wire } = reading();
  const own = { ...message(9, "Анна", "моё"), mine: true };
  wire.hear({ ...own, type: "message" });
  const calls = (mentions, mine = false) => room.concerns({ mentions, mine });
  const answers = (id, name, mine = false) => room.concerns({ reply: { id, name }, mine });
  assert.deepEqual(
    [calls(["Вера", "Анна"]), calls(["all"]), calls(["Вера"]), calls(undefined), calls(["Анна"], true)],
    [true, true, false, false, false],
  );
  // Of a message that is not here only the name is known.
  assert.deepEqual(
    [
      answers(9, "Анна"),
      answers(1, "Анна"),
      answers(5000, "Анна"),
      answers(5000, "Вера"),
      answers(9, "Анна", true),
    ],
    [true, false, true, false, false],
  );
});

test("an answer quotes the message as it is now, before and after its ack; an action says so", () => {
  const { wire, room } = reading();
  room.say("да", { reply: 1 });
  room.say("машет", { action: true });
  const [say, act] = wire.take();
  assert.deepEqual([say.reply, act.kind, act.reply], [1, "action", undefined]);
  wire.hear(change(4, message(1, "Борис", "два")));
  assert.equal(room.outbox.messages[0].reply.excerpt, "два");
  wire.hear(
    { type: "ack", ref: say.ref, id: 5, at: AT },
    { type: "ack", ref: act.ref, id: 6, at: AT, mentions: ["Борис"] },
  );
  wire.hear(change(7, message(1, "Борис", "три")));
  const [answer, action] = [5, 6].map(id => room.timeline.get(id));
  assert.deepEqual([answer.reply.excerpt, answer.mine, action.action], ["три", true, true]);
  assert.deepEqual([answer.mentions, action.mentions], [[], ["Борис"]]);
});

test("a quote is the beginning of a text in one line, as the room cuts it", () => {
  const excerptOf = text => quoteOf({ id: 1, name: "Борис", text }).excerpt;
  assert.equal(excerptOf(" раз\n\n два "), "раз два");
  assert.equal(excerptOf("👍".repeat(100)), "👍".repeat(100));
  assert.equal(excerptOf("👍".repeat(101)), `${"👍".repeat(99)}…`);
  assert.equal(excerptOf(`раз${" ".repeat(500)}`), "раз…");
  assert.equal(excerptOf("вот:\n```python\nprint(1)\n```\nда"), "вот: print(1) да");
  assert.equal(excerptOf("```a``` b"), "```a``` b");
  assert.equal(excerptOf("```\n```"), "``` ```");
  const notice = { act: "announce", by: "Анна", text: "в полдень" };
  assert.equal(
    quoteOf({ id: 1, name: "Сервер", text: "Объявление (Анна): в полдень", notice }).excerpt,
    "в полдень",
  );
});

test("an answer to a message that is not here is quoted once that is loaded", () => {
  const { wire, room } = page(new MemoryStore(), {
    ...ACTING,
    last: 9,
    messages: [message(9, "Борис")],
    more: true,
  });
  room.say("да", { reply: 4 });
  const { ref } = wire.take().find(({ type }) => type === "say");
  wire.hear({ type: "ack", ref, id: 10, at: AT });
  assert.deepEqual(room.timeline.get(10).reply, { id: 4 });
  wire.answer("history", { type: "history", messages: [message(4, "Вера", "тут")], more: false });
  assert.deepEqual(room.timeline.get(10).reply, { id: 4, name: "Вера", excerpt: "тут" });
});

test("the ack of what was said before a reload does not put back what has been changed since", () => {
  const { wire, room } = page(new MemoryStore(), {
    ...ACTING,
    last: 9,
    messages: [message(9, "Борис")],
    more: true,
  });
  room.say("давно");
  const { ref } = wire.take().find(({ type }) => type === "say");
  wire.hear({ type: "ack", ref, id: 4, at: AT });
  assert.equal(room.timeline.has(4), false);
  wire.answer("history", {
    type: "history",
    messages: [{ ...message(4, "Анна", "давно!"), mine: true, edited: AT }],
    more: false,
  });
  assert.equal(room.timeline.get(4).text, "давно!");
});
