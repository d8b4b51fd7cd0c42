import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrame } from "../../static/js/model/protocol.js";
import { AT, message } from "./wire.js";

const LIMITS = { name: 32, text: 4000, line: 65_536, history: 500 };
const NOTICE = { act: "mute", by: "Анна", target: "Борис", id: 3, seconds: 600, text: "спам" };
const SAID = {
  ...{ id: 8, at: AT, name: "Борис", text: "да", kind: "action", edited: AT, mine: true, mentions: ["Анна"] },
  reply: { id: 7, name: "Анна", excerpt: "пойдём?" },
  reactions: [{ emoji: "👍", count: 4, names: ["Анна", "Вера", "Глеб"], mine: true }],
};
const GOOD = {
  welcome: {
    ...{ name: "Анна", session: "secret", epoch: "e", last: 7, members: ["Анна"], limits: LIMITS },
    ...{ messages: [{ id: 7, at: AT, name: "Борис", text: "да" }], missed: 1, more: true },
    ...{ moderated: true, moderator: true, can: ["edit"], changed: [SAID], stale: true },
    topic: { id: 6, at: AT, by: "Борис", text: "тема" },
  },
  message: { ...SAID, notice: NOTICE, deleted: true },
  changed: { id: 9, at: AT, by: "Борис", act: "react", message: SAID, mine: ["👍"] },
  ack: { ref: "r", id: 9, at: AT, mentions: ["Вера"] },
  joined: { name: "Вера", at: AT },
  left: { name: "Вера", at: AT, reason: "kicked" },
  typing: { name: "Вера" },
  history: { messages: [], more: false, ref: "r" },
  found: { messages: [], more: false, ref: "r" },
  role: { moderator: true, ref: "r" },
  throttled: { seconds: 3.2 },
  whois: { name: "Вера", addresses: ["192.0.2.1"], ref: "r" },
  bans: { bans: [{ target: "Вера", at: AT, until: null, by: "Анна", text: "спам" }], ref: "r" },
  error: { code: "too_fast", ref: "r", retry_after: 1.5, suggestion: "Вера2" },
  bye: { reason: "shutdown" },
  pong: {},
};
const OPTIONAL = [
  ...["welcome.moderated", "welcome.moderator", "message.notice", "message.deleted", "left.reason"],
  ...["welcome.can", "welcome.changed", "welcome.stale", "welcome.topic", "changed.mine", "ack.mentions"],
  ...["kind", "edited", "mine", "mentions", "reply", "reactions"].map(field => `message.${field}`),
  ...["history.ref", "found.ref", "role.ref", "whois.ref", "bans.ref"],
  ...["whois.addresses", "bans.bans", "error.ref", "error.retry_after", "error.suggestion"],
];

const parsed = (...events) => parseFrame(events.map(event => JSON.stringify(event)).join("\n"));
const one = event => parsed(event)[0];

test("a frame holds one or more events; other lines are skipped", () => {
  const frame = '{"type":"pong"}\n{broken\n\n7\nnull\n[]\n{"type":"typing","name":"Анна"}\n';
  assert.deepEqual(
    parseFrame(frame).map(event => event.type),
    ["pong", "typing"],
  );
  for (const type of ["constructor", "__proto__", "news", 5, null]) assert.equal(one({ type }), undefined);
});

test("every valid event is read completely", () => {
  for (const [type, fields] of Object.entries(GOOD))
    assert.deepEqual(one({ type, ...fields }), { type, ...fields });
});

test("an event with a missing field, or one of another type, is skipped", () => {
  for (const [type, fields] of Object.entries(GOOD)) {
    for (const field of Object.keys(fields)) {
      const optional = OPTIONAL.includes(`${type}.${field}`);
      for (const wrong of [undefined, null, 5, "5", {}, false, [5]]) {
        const event = one({ type, ...fields, [field]: wrong });
        const absent = wrong === undefined || wrong === null;
        const same =
          typeof wrong === typeof fields[field] && Array.isArray(wrong) === Array.isArray(fields[field]);
        if (same && typeof wrong === "object") continue;
        assert.equal(event !== undefined, same || (absent && optional), `${type}.${field} = ${wrong}`);
      }
    }
  }
});

test("invalid elements of a list are dropped, and messages with an invalid notice", () => {
  const { members, messages } = one({
    ...{ type: "welcome", ...GOOD.welcome },
    members: ["Анна", 5, null, "Борис"],
    messages: [message(1, "Анна"), { ...message(2, "Анна"), text: null }, 7, message(3, 5)],
  });
  assert.deepEqual(members, ["Анна", "Борис"]);
  assert.deepEqual(
    messages.map(({ id }) => id),
    [1],
  );
  for (const notice of ["x", {}, { act: "kick" }, { act: 5, by: "Анна" }, { ...NOTICE, id: "3" }])
    assert.equal(one({ ...message(1, "Сервер"), notice }), undefined);
});

test("an invalid id is rejected, other numbers are clamped", () => {
  for (const id of [-1, 1.5, 2 ** 60, "1", null]) assert.equal(one({ ...message(1, "Анна"), id }), undefined);
  assert.equal(one({ type: "throttled", seconds: -5 }).seconds, 0);
  assert.ok(
    Number.isFinite(Date.now() + one({ ...GOOD.error, type: "error", retry_after: 1e300 }).retry_after),
  );
  const absurd = { ...GOOD.welcome, missed: -1e30, limits: { name: -1, text: 1e308, line: 0, history: -5 } };
  const { missed, limits } = one({ type: "welcome", ...absurd });
  assert.equal(missed, 0);
  assert.deepEqual(limits, { name: 1, text: 2 ** 31, line: 1, history: 1 });
});

test("an invalid timestamp becomes empty", () => {
  assert.equal(one({ ...message(1, "Анна"), at: "nonsense" }).at, "");
  assert.equal(one({ type: "joined", name: "Анна", at: "" }).at, "");
});

test("a text is cut to the length of the longest line", () => {
  assert.equal(one(message(1, "Анна", "да ".repeat(1_000_000))).text.length, 65_536);
});

test("names with a meaning in JavaScript are fields like any other", () => {
  const line = '{"__proto__":{"type":"pong","stray":1},"type":"typing","name":"__proto__","constructor":5}';
  assert.deepEqual(parseFrame(line), [{ type: "typing", name: "__proto__" }]);
  assert.equal({}.stray, undefined);
});

test("a welcome with an identity too long to send back is rejected", () => {
  for (const field of ["name", "session", "epoch"])
    assert.equal(one({ type: "welcome", ...GOOD.welcome, [field]: "x".repeat(2000) }), undefined, field);
});
