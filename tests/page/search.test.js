import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Requests } from "../../static/js/model/requests.js";
import { Search } from "../../static/js/model/search.js";

const message = id => ({ id, at: "2026-11-22T05:43:03.120Z", name: "Анна", text: `№ ${id}` });

/** The search of a page that has joined; the room is the test. */
class Page {
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
    return this.sent.splice(0).map(({ query, to = "", before }) => {
      const asked = `${to} ${query}`.trim();
      return before ? `${asked} <${before}` : asked;
    });
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
  const page = new Page();
  for (const query of ["ё", "ёл", "ёлк"]) {
    page.search.setQuery(query);
    tick(249);
  }
  assert.deepEqual(page.sent, []);
  tick(1);
  const { ref: _, ...command } = page.sent[0];
  assert.deepEqual([command, page.sent.length], [{ type: "search", query: "ёлк", limit: 20 }, 1]);
  page.find(false, 3, 7);
  assert.deepEqual([page.search.phase, page.ids], ["answered", [7, 3]]);
});

test("there is one request at a time, and the answer to an old one is ignored", () => {
  const page = new Page();
  page.search.setQuery("ча");
  tick(250);
  page.search.setQuery("чай");
  tick(250);
  assert.deepEqual(page.take(), ["ча"]);
  page.find(true, 1, 2);
  assert.deepEqual([page.search.phase, page.ids], ["asking", undefined]);
  assert.deepEqual(page.take(), ["чай"]);
  page.find(false, 2);
  assert.deepEqual([page.search.phase, page.ids], ["answered", [2]]);
});

test("an answer counts if the query is the same again, and is not requested twice", () => {
  const page = new Page();
  page.search.setQuery("ча");
  tick(250);
  page.search.setQuery("чай");
  page.search.setQuery("ча");
  page.find(false, 1);
  tick(1000);
  assert.deepEqual([page.take(), page.search.phase, page.ids], [["ча"], "answered", [1]]);
});

test("a result stays until the next answer", () => {
  const page = new Page();
  page.search.setQuery("чай");
  tick(250);
  page.find(false, 1);
  page.search.setQuery("чайник");
  tick(250);
  assert.deepEqual([page.search.phase, page.search.result.query, page.ids], ["asking", "чай", [1]]);
  page.find(false);
  assert.deepEqual([page.search.result.query, page.ids], ["чайник", []]);
});

test("older hits are added until there are no more", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.find(true, 8, 9);
  page.search.loadMore();
  page.find(false, 2, 5);
  assert.deepEqual(page.ids, [9, 8, 5, 2]);
  page.search.loadMore();
  assert.deepEqual(page.take(), ["чай", "чай <8"]);
});

test("older hits of a former query are not added", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.find(true, 8, 9);
  page.search.loadMore();
  page.search.setQuery("кофе");
  tick(250);
  page.find(true, 2, 5);
  page.find(false, 4);
  assert.deepEqual([page.take(), page.ids], [["чай", "чай <8", "кофе"], [4]]);
});

test("a query without words requests nothing and shows nothing", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.search.setQuery("  ?");
  page.find(false, 1);
  tick(1000);
  page.search.retry();
  assert.deepEqual([page.take(), page.search.phase, page.ids], [["чай"], "idle", undefined]);
});

test("without a connection the search waits; a result for the same query stays", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.lose();
  page.join("e");
  page.find(false, 1);
  page.lose();
  assert.deepEqual(page.ids, [1]);
  page.search.setQuery("кофе");
  tick(1000);
  assert.equal(page.ids, undefined);
  assert.deepEqual(page.take(), ["чай", "чай"]);
  page.join("e");
  assert.deepEqual(page.take(), ["кофе"]);
});

test("in another log the search is repeated", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.find(true, 8);
  page.lose();
  page.join("f");
  assert.deepEqual([page.take(), page.search.phase, page.ids], [["чай", "чай"], "asking", undefined]);
});

test("too_fast is no failure: the request is repeated after the given time", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.refuse("too_fast", 1.5);
  tick(1499);
  assert.deepEqual([page.take(), page.search.phase], [["чай"], "asking"]);
  tick(1);
  assert.deepEqual(page.take(), ["чай"]);
});

test("a refusal is shown, and can be retried", () => {
  const page = new Page();
  assert.equal(page.requests.settle({ type: "error", code: "unavailable" }), false);
  page.search.setQuery("чай");
  page.search.retry();
  page.refuse("unavailable");
  assert.equal(page.search.phase, "failed");
  page.search.retry();
  page.find(false, 1);
  assert.deepEqual([page.take(), page.ids], [["чай", "чай"], [1]]);
});

test("a room that does not answer is considered gone", () => {
  const page = new Page();
  page.search.setQuery("чай");
  tick(250);
  tick(29_999);
  assert.equal(page.reconnected, false);
  tick(1);
  assert.equal(page.reconnected, true);
});

test("leaving clears the search", () => {
  const page = new Page();
  page.search.setQuery("чай");
  page.search.retry();
  page.find(true, 8);
  page.search.reset();
  assert.deepEqual([page.search.query, page.ids, page.search.available], ["", undefined, false]);
  page.join("e");
  assert.deepEqual(page.take(), ["чай"]);
});

test("a filter is asked for by its name, and goes on until something fits", () => {
  const page = new Page();
  const filter = { to: "Анна", fits: ({ id }) => id < 100 };
  page.search.setQuery("", filter);
  page.search.retry();
  assert.deepEqual(page.take(), ["Анна"]);
  page.find(true, 300, 301);
  assert.deepEqual([page.take(), page.ids], [["Анна <300"], []]);
  page.find(true, 99, 101);
  assert.deepEqual([page.take(), page.ids, page.search.phase], [[], [99], "answered"]);
  page.search.loadMore();
  assert.deepEqual(page.take(), ["Анна <99"]);
  page.find(false);
  assert.deepEqual([page.ids, page.search.result.more], [[99], false]);
  page.search.setQuery("да");
  page.search.retry();
  assert.deepEqual(page.take(), ["Анна да"]);
  for (let id = 900; id > 400; id -= 100) {
    page.find(true, id);
    if (id > 500) assert.equal(page.take().length, 1);
  }
  // After some answers without any the reader is asked.
  assert.deepEqual([page.take(), page.ids, page.search.result.more], [[], [], true]);
  page.search.setQuery("да", null);
  page.search.retry();
  assert.deepEqual(page.take(), ["да"]);
});
