import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Requests } from "../../static/js/model/requests.js";

/** Requests of a page that has joined, over a connection whose other end is the test. */
class Page {
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
  const page = new Page();
  const [whois, bans] = [page.ask({ type: "whois", name: "Борис" }), page.ask({ type: "bans" })];
  assert.deepEqual(page.sent, [
    { type: "whois", name: "Борис", ref: whois },
    { type: "bans", ref: bans },
  ]);
  assert.ok(page.requests.settle({ type: "bans", ref: bans }));
  assert.ok(page.requests.settle({ type: "error", code: "not_found", ref: whois }));
  assert.deepEqual(page.answers, ["bans", "not_found"]);
  assert.ok(!page.requests.settle({ type: "error", code: "not_found", ref: whois }));
});

test("no ref, an unknown one, or the wrong type of answer settles nothing", () => {
  const page = new Page();
  const ref = page.ask({ type: "bans" });
  for (const event of [{ type: "bans" }, { type: "error", code: "too_fast" }, { type: "pong" }])
    assert.ok(!page.requests.settle(event));
  assert.ok(!page.requests.settle({ type: "bans", ref: "other" }));
  assert.ok(!page.requests.settle({ type: "found", ref }));
  assert.deepEqual(page.answers, []);
});

test("a missed deadline reconnects, and fails all requests", () => {
  const page = new Page();
  page.ask({ type: "bans" });
  tick(29_999);
  page.ask({ type: "search", query: "чай", limit: 20 });
  assert.equal(page.reconnections, 0);
  tick(1);
  assert.deepEqual([page.reconnections, page.answers], [1, ["offline", "offline"]]);
  tick(60_000);
  assert.equal(page.reconnections, 1);
});

test("a request may have a shorter deadline; an answer in time ends it", () => {
  const page = new Page();
  const ref = page.ask({ type: "history", limit: 1 }, 1000);
  tick(999);
  page.requests.settle({ type: "history", messages: [], more: false, ref });
  tick(1);
  page.ask({ type: "history", limit: 1 }, 1000);
  tick(1000);
  assert.deepEqual([page.reconnections, page.answers], [1, ["history", "offline"]]);
});

test("without a connection a request fails at once", () => {
  const page = new Page();
  page.requests.onDisconnect();
  page.ask({ type: "bans" });
  tick(60_000);
  assert.deepEqual([page.answers, page.sent, page.reconnections], [["offline"], [], 0]);
});
