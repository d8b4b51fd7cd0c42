import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Requests } from "../../static/js/model/requests.js";

/** Requests of a page that has joined, over a connection whose other end is the test. */
class Desk {
  sent = [];
  answers = [];
  reconnections = 0;
  requests = new Requests({
    send: command => this.sent.push(command),
    reconnect: () => {
      this.reconnections += 1;
      this.requests.onDisconnect();
    },
  });
  constructor() {
    this.requests.online = true;
  }
  /** Send a request, and return its ref. */
  ask(request, timeout) {
    this.requests.send(request, ({ type, code }) => this.answers.push(code ?? type), timeout);
    return this.sent.at(-1)?.ref;
  }
}

let tick = _ => {};
beforeEach(t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  tick = milliseconds => t.mock.timers.tick(milliseconds);
});

test("answers find their requests by ref, in any order", () => {
  const desk = new Desk();
  const [whois, bans] = [desk.ask({ type: "whois", name: "Борис" }), desk.ask({ type: "bans" })];
  assert.deepEqual(desk.sent, [
    { type: "whois", name: "Борис", ref: whois },
    { type: "bans", ref: bans },
  ]);
  assert.ok(desk.requests.settle({ type: "bans", ref: bans }));
  assert.ok(desk.requests.settle({ type: "error", code: "not_found", ref: whois }));
  assert.deepEqual(desk.answers, ["bans", "not_found"]);
  assert.ok(!desk.requests.settle({ type: "error", code: "not_found", ref: whois }));
});

test("what carries no ref, an unknown one, or another type of answer settles nothing", () => {
  const desk = new Desk();
  const ref = desk.ask({ type: "bans" });
  for (const event of [{ type: "bans" }, { type: "error", code: "too_fast" }, { type: "pong" }])
    assert.ok(!desk.requests.settle(event));
  assert.ok(!desk.requests.settle({ type: "bans", ref: "other" }));
  assert.ok(!desk.requests.settle({ type: "found", ref }));
  assert.deepEqual(desk.answers, []);
});

test("a room that does not answer in time is left, and all requests fail", () => {
  const desk = new Desk();
  desk.ask({ type: "bans" });
  tick(29_999);
  desk.ask({ type: "search", query: "чай", limit: 20 });
  assert.equal(desk.reconnections, 0);
  tick(1);
  assert.deepEqual([desk.reconnections, desk.answers], [1, ["offline", "offline"]]);
  tick(60_000);
  assert.equal(desk.reconnections, 1);
});

test("a request may have a shorter deadline; an answer in time ends it", () => {
  const desk = new Desk();
  const ref = desk.ask({ type: "history", limit: 1 }, 1000);
  tick(999);
  desk.requests.settle({ type: "history", messages: [], more: false, ref });
  tick(1);
  desk.ask({ type: "history", limit: 1 }, 1000);
  tick(1000);
  assert.deepEqual([desk.reconnections, desk.answers], [1, ["history", "offline"]]);
});

test("without a connection a request fails at once", () => {
  const desk = new Desk();
  desk.requests.onDisconnect();
  desk.ask({ type: "bans" });
  tick(60_000);
  assert.deepEqual([desk.answers, desk.sent, desk.reconnections], [["offline"], [], 0]);
});
