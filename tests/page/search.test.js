import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Requests } from "../../static/js/model/requests.js";
import { Search } from "../../static/js/model/search.js";

const message = id => ({ id, at: "2026-11-22T05:43:03.120Z", name: "Анна", text: `№ ${id}` });

/** The search of a page that has joined; the room is the test. */
class Desk {
  sent = [];
  reconnected = false;
  requests = new Requests({
    send: command => {
      this.sent.push(command);
      this.#refs.push(command.ref);
    },
    reconnect: () => {
      this.reconnected = true;
      this.lose();
    },
  });
  search = new Search(this.requests, false);
  /** Of the requests not answered yet. */
  #refs = [];
  constructor() {
    this.join("e");
  }
  join(epoch) {
    this.requests.online = true;
    this.search.onJoined(true, epoch);
  }
  lose() {
    this.requests.onDisconnect();
    this.search.onDisconnect();
    this.#refs = [];
  }
  /** What was asked since the last call. */
  take() {
    return this.sent.splice(0).map(({ query, before }) => (before ? `${query} <${before}` : query));
  }
  /** Answer the oldest request. */
  answer(event) {
    assert.ok(this.requests.settle({ ...event, ref: this.#refs.shift() }));
  }
  find(more, ...ids) {
    this.answer({ type: "found", messages: ids.map(message), more });
  }
  refuse(code, retry_after) {
    this.answer({ type: "error", code, retry_after });
  }
  get ids() {
    return this.search.result?.messages.map(({ id }) => id);
  }
}

let tick = _ => {};
beforeEach(t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  tick = milliseconds => t.mock.timers.tick(milliseconds);
});

test("the room is asked once the typing pauses", () => {
  const desk = new Desk();
  for (const query of ["ё", "ёл", "ёлк"]) {
    desk.search.setQuery(query);
    tick(249);
  }
  assert.deepEqual(desk.sent, []);
  tick(1);
  const { ref: _, ...command } = desk.sent[0];
  assert.deepEqual([command, desk.sent.length], [{ type: "search", query: "ёлк", limit: 20 }, 1]);
  desk.find(false, 3, 7);
  assert.deepEqual([desk.search.phase, desk.ids], ["answered", [7, 3]]);
});

test("there is one question at a time, and the answer to an old one is ignored", () => {
  const desk = new Desk();
  desk.search.setQuery("ча");
  tick(250);
  desk.search.setQuery("чай");
  tick(250);
  assert.deepEqual(desk.take(), ["ча"]);
  desk.find(true, 1, 2);
  assert.deepEqual([desk.search.phase, desk.ids], ["asking", undefined]);
  assert.deepEqual(desk.take(), ["чай"]);
  desk.find(false, 2);
  assert.deepEqual([desk.search.phase, desk.ids], ["answered", [2]]);
});

test("the answer to what is wanted again counts, and is not asked for twice", () => {
  const desk = new Desk();
  desk.search.setQuery("ча");
  tick(250);
  desk.search.setQuery("чай");
  desk.search.setQuery("ча");
  desk.find(false, 1);
  tick(1000);
  assert.deepEqual([desk.take(), desk.search.phase, desk.ids], [["ча"], "answered", [1]]);
});

test("what was found stays until the next answer", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  tick(250);
  desk.find(false, 1);
  desk.search.setQuery("чайник");
  tick(250);
  assert.deepEqual([desk.search.phase, desk.search.result.query, desk.ids], ["asking", "чай", [1]]);
  desk.find(false);
  assert.deepEqual([desk.search.result.query, desk.ids], ["чайник", []]);
});

test("older ones follow, until there are no more", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.find(true, 8, 9);
  desk.search.loadMore();
  desk.find(false, 2, 5);
  assert.deepEqual(desk.ids, [9, 8, 5, 2]);
  desk.search.loadMore();
  assert.deepEqual(desk.take(), ["чай", "чай <8"]);
});

test("older ones of a former query are not mixed in", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.find(true, 8, 9);
  desk.search.loadMore();
  desk.search.setQuery("кофе");
  tick(250);
  desk.find(true, 2, 5);
  desk.find(false, 4);
  assert.deepEqual([desk.take(), desk.ids], [["чай", "чай <8", "кофе"], [4]]);
});

test("a query without words asks nothing and shows nothing", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.search.setQuery("  ?");
  desk.find(false, 1);
  tick(1000);
  desk.search.retry();
  assert.deepEqual([desk.take(), desk.search.phase, desk.ids], [["чай"], "idle", undefined]);
});

test("without a connection it waits for one; what was found for the same words stays", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.lose();
  desk.join("e");
  desk.find(false, 1);
  desk.lose();
  assert.deepEqual(desk.ids, [1]);
  desk.search.setQuery("кофе");
  tick(1000);
  assert.equal(desk.ids, undefined);
  assert.deepEqual(desk.take(), ["чай", "чай"]);
  desk.join("e");
  assert.deepEqual(desk.take(), ["кофе"]);
});

test("in another log it is searched anew", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.find(true, 8);
  desk.lose();
  desk.join("f");
  assert.deepEqual([desk.take(), desk.search.phase, desk.ids], [["чай", "чай"], "asking", undefined]);
});

test("too fast is no failure: it is asked again when the room said", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.refuse("too_fast", 1.5);
  tick(1499);
  assert.deepEqual([desk.take(), desk.search.phase], [["чай"], "asking"]);
  tick(1);
  assert.deepEqual(desk.take(), ["чай"]);
});

test("a refusal is told, and may be tried again", () => {
  const desk = new Desk();
  assert.equal(desk.requests.settle({ type: "error", code: "unavailable" }), false);
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.refuse("unavailable");
  assert.equal(desk.search.phase, "failed");
  desk.search.retry();
  desk.find(false, 1);
  assert.deepEqual([desk.take(), desk.ids], [["чай", "чай"], [1]]);
});

test("a room that does not answer is held for gone", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  tick(250);
  tick(29_999);
  assert.equal(desk.reconnected, false);
  tick(1);
  assert.equal(desk.reconnected, true);
});

test("whoever leaves looks for nothing any more", () => {
  const desk = new Desk();
  desk.search.setQuery("чай");
  desk.search.retry();
  desk.find(true, 8);
  desk.search.reset();
  assert.deepEqual([desk.search.query, desk.ids, desk.search.available], ["", undefined, false]);
  desk.join("e");
  assert.deepEqual(desk.take(), ["чай"]);
});
