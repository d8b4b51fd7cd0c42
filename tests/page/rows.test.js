import assert from "node:assert/strict";
import { test } from "node:test";
import { layOutRows, summarize } from "../../static/js/view/transcript/rows.js";

const at = minute => new Date(2026, 10, 22, 12, minute).toISOString();
const said = (id, name, minute = 0) => ({
  kind: "message",
  key: `m${id}`,
  id,
  at: at(minute),
  name,
  text: "…",
});
const moved = (name, joined, minute = 0) => ({
  kind: "presence",
  key: `${name}${joined}${minute}`,
  joined,
  name,
  at: at(minute),
});
const gap = { kind: "gap", key: "g", count: 3, loading: false };
const kinds = rows => rows.map(row => row.kind);

test("messages of one author are grouped until another row or some minutes come between", () => {
  const items = [
    said(1, "А"),
    said(2, "А", 4),
    said(3, "А", 9),
    said(4, "Б", 9),
    moved("В", true, 9),
    said(5, "Б", 9),
  ];
  const rows = layOutRows(items, [], "Я", null, true).filter(row => row.kind === "message");
  assert.deepEqual(
    rows.map(row => row.continued),
    [false, true, false, false, false],
  );
});

test("days have dividers", () => {
  const before = { ...said(1, "А"), at: new Date(2026, 10, 21, 23, 59).toISOString() };
  const rows = layOutRows([before, said(2, "А")], [], "Я", null, true);
  assert.deepEqual(kinds(rows), ["day", "message", "day", "message"]);
});

test("keys are unique, even if a clock went back over midnight", () => {
  const before = { ...said(2, "А"), at: new Date(2026, 10, 21, 23, 59).toISOString() };
  const keys = layOutRows([said(1, "А"), before, said(3, "А")], [], "Я", null, true).map(row => row.key);
  assert.equal(new Set(keys).size, keys.length);
});

test("the unread divider is before the first unread message, or before the gap that hides it", () => {
  assert.deepEqual(kinds(layOutRows([said(1, "А"), said(2, "А")], [], "Я", 1, true)), [
    "day",
    "message",
    "unread",
    "message",
  ]);
  assert.deepEqual(kinds(layOutRows([said(1, "А"), gap, said(5, "А")], [], "Я", 1, true)), [
    "day",
    "message",
    "unread",
    "gap",
    "message",
  ]);
  assert.deepEqual(kinds(layOutRows([gap, said(5, "А")], [], "Я", 1, true)), [
    "gap",
    "day",
    "unread",
    "message",
  ]);
  assert.ok(!kinds(layOutRows([said(1, "А")], [], "Я", 1, true)).includes("unread"));
});

test("unsent messages come last, as our own; replayed ones are not shown twice", () => {
  const outgoing = [
    { ref: "r", text: "жду", at: at(1), state: "pending" },
    { ref: "s", text: "уже", at: at(1), state: "pending", replayed: true },
  ];
  const rows = layOutRows([said(1, "Я"), said(2, "Б")], outgoing, "Я", null, true);
  assert.deepEqual(
    rows.filter(row => row.kind === "message").map(row => [row.own, row.state]),
    [
      [true, "sent"],
      [false, "sent"],
      [true, "pending"],
    ],
  );
});

test("a row's version changes with what it shows", () => {
  const version = (message, items = []) => layOutRows(items, [message], "Я", null, true).at(-1).version;
  const pending = { ref: "r", text: "…", at: at(0), state: "pending" };
  assert.notEqual(version(pending), version({ ...pending, state: "failed" }));
  assert.notEqual(version(pending), version(pending, [said(1, "Я")]));
});

test("successive joins and leaves are one row, with one summary", () => {
  const moves = [
    moved("Анна", true),
    moved("Борис", false),
    moved("Вера", true),
    moved("Вера", false),
    moved("Глеб", false),
    moved("Глеб", true),
  ];
  const rows = layOutRows(moves, [], "Я", null, true);
  assert.deepEqual(kinds(rows), ["day", "presence"]);
  assert.deepEqual(summarize(rows[1].items), {
    joined: ["Анна"],
    left: ["Борис"],
    visited: ["Вера"],
    returned: ["Глеб"],
  });
});

test("a notice is a row of its own, also between messages of one author", () => {
  const notice = { by: "В", act: "delete", id: 1 };
  const rows = layOutRows(
    [said(1, "А"), { ...said(2, "Сервер"), notice }, said(3, "А")],
    [],
    "Я",
    null,
    true,
  );
  assert.deepEqual(kinds(rows), ["day", "message", "notice", "message"]);
  assert.equal(rows[3].continued, false);
  const version = deleted => layOutRows([{ ...said(1, "А"), deleted }], [], "Я", null, true).at(-1).version;
  assert.notEqual(version(true), version(undefined));
});

test("a folded part is a row, below the divider if it is unread", () => {
  const fold = { kind: "fold", key: "f", id: 2, at: at(0), what: "acts", count: 2, open: false, names: [] };
  assert.deepEqual(kinds(layOutRows([said(1, "А"), fold, said(4, "А")], [], "Я", 1, true)), [
    "day",
    "message",
    "unread",
    "fold",
    "message",
  ]);
});

test("a message without a valid time starts no day", () => {
  const rows = layOutRows([said(1, "А"), { ...said(2, "А"), at: "" }, said(3, "А")], [], "", null, true);
  assert.deepEqual(kinds(rows), ["day", "message", "message", "message"]);
});

test("an action stands by itself, and an answer does not", () => {
  const items = [
    said(1, "А"),
    { ...said(2, "А"), action: true },
    said(3, "А"),
    { ...said(4, "А"), reply: { id: 1 } },
  ];
  const rows = layOutRows(items, [], "Я", null, true).filter(row => row.kind === "message");
  assert.deepEqual(
    rows.map(row => row.continued),
    [false, false, false, true],
  );
});

test("a message that calls the reader is marked, and its row changes with its acts", () => {
  const rowOf = item => layOutRows([item], [], "Я", null, true).at(-1);
  const calling = { ...said(1, "А"), mentions: ["Я", "Б"], mine: false, version: 1 };
  assert.equal(rowOf(calling).called.isReader, true);
  assert.equal(rowOf({ ...calling, mine: true }).called.isReader, false);
  assert.equal(rowOf(said(1, "А")).called, undefined);
  const act = { ref: "r", state: "pending" };
  const versions = [calling, { ...calling, version: 2 }, { ...calling, acts: [act] }].map(
    item => rowOf(item).version,
  );
  assert.equal(
    new Set([...versions, rowOf({ ...calling, acts: [{ ...act, state: "failed" }] }).version]).size,
    4,
  );
});
