import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection } from "../../static/js/model/connection.js";
import { ANSWER_TIMEOUT, CHECK_TIMEOUT, PING_INTERVAL } from "../../static/js/model/protocol.js";
import { AT } from "./wire.js";

/** A fake WebSocket; the test plays the other end. */
class Socket {
  static OPEN = 1;
  /** @type {Socket[]} */
  static all = [];
  static get last() {
    return Socket.all.at(-1);
  }
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = url;
    Socket.all.push(this);
  }
  send(frame) {
    this.sent.push(JSON.parse(frame));
  }
  close() {
    this.readyState = 3;
  }
  accept() {
    this.readyState = 1;
    this.onopen();
  }
  hear(...events) {
    this.onmessage({ data: events.map(event => JSON.stringify(event)).join("\n") });
  }
  end(code, reason = "") {
    this.onclose({ code, reason });
  }
}

beforeEach(() => {
  Socket.all = [];
  globalThis.WebSocket = Socket;
  globalThis.fetch = () => Promise.reject(new TypeError("no gateway"));
});

/** An open connection; its states and events are recorded. */
function connect(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const connection = new Connection("ws://room/ws");
  const phases = [];
  const events = [];
  connection.changed.on(state => phases.push(state.phase));
  connection.events.on(event => events.push(event.type));
  connection.open();
  Socket.last.accept();
  return { connection, phases, events, timers: t.mock.timers };
}

test("events of a frame arrive one by one; commands are sent as objects", t => {
  const { connection, events, phases } = connect(t);
  Socket.last.hear({ type: "pong" }, { type: "joined", name: "Анна", at: AT });
  assert.ok(connection.send({ type: "leave" }));
  assert.deepEqual(events, ["pong", "joined"]);
  assert.deepEqual(Socket.last.sent, [{ type: "leave" }]);
  assert.deepEqual(phases, ["connecting", "open"]);
});

test("after a loss the page keeps trying, less and less often", t => {
  const { connection, timers } = connect(t);
  for (let tries = 2; tries < 40; tries++) {
    Socket.last.end(1006);
    assert.equal(connection.state.phase, "waiting");
    assert.ok(connection.state.retryAt - Date.now() <= 15_000);
    timers.tick(15_000);
    assert.equal(Socket.all.length, tries);
  }
});

test("after the room was reached, the next attempt comes soon", t => {
  const { connection, timers } = connect(t);
  for (let tries = 0; tries < 10; tries++) {
    Socket.last.end(1006);
    timers.tick(15_000);
  }
  Socket.last.accept();
  connection.markStable();
  Socket.last.end(1006);
  assert.ok(connection.state.retryAt - Date.now() <= 500);
});

test("a full room is tried again within two seconds, one that stays full less often", t => {
  const { connection, timers } = connect(t);
  const waits = Array.from({ length: 20 }, () => {
    Socket.last.accept();
    Socket.last.hear({ type: "bye", reason: "full" });
    Socket.last.end(1013);
    const wait = connection.state.retryAt - Date.now();
    timers.tick(15_000);
    return wait;
  });
  assert.ok(Math.max(...waits.slice(0, 15)) <= 2000);
  assert.ok(Math.min(...waits.slice(15)) >= 7500);
});

test("a room that restarts says when to come back", t => {
  const { connection, timers } = connect(t);
  for (let restart = 0; restart < 20; restart++) {
    Socket.last.accept();
    Socket.last.hear({ type: "bye", reason: "restart", retry_within: 3 });
    Socket.last.end(1012);
    assert.equal(connection.state.cause, "restart");
    assert.ok(connection.state.retryAt - Date.now() <= 3000);
    timers.tick(3000);
  }
  Socket.last.end(1012); // from an attempt that never reached the room
  assert.ok(connection.state.retryAt - Date.now() <= 500);
});

test("check tries at once, and only once", t => {
  const { connection } = connect(t);
  Socket.last.end(1001);
  connection.check();
  connection.check();
  assert.equal(Socket.all.length, 2);
  assert.equal(connection.state.phase, "connecting");
});

test("an absent room, a full room and an absent gateway have different causes", t => {
  const { connection, timers } = connect(t);
  const causeOf = (code, bye) => {
    if (bye) Socket.last.hear({ type: "bye", reason: bye });
    Socket.last.end(code);
    const { cause } = connection.state;
    timers.tick(15_000);
    Socket.last.accept();
    return cause;
  };
  assert.deepEqual(
    [
      causeOf(1006),
      causeOf(1001),
      causeOf(1012),
      causeOf(1013),
      causeOf(1000, "shutdown"),
      causeOf(1000, "full"),
    ],
    ["gateway", "gateway", "room", "room", "room", "full"],
  );
});

test("after a final bye the page does not reconnect, and has the reason", t => {
  const ends = [
    ["kicked", 1000, ""],
    ["banned", 1000, ""],
    ["password", 1000, ""],
    ["replaced", 1000, ""],
    ["left_elsewhere", 1000, ""],
    ["", 1008, "чужая страница"],
  ];
  for (const [bye, code, reason] of ends) {
    Socket.all = [];
    const { connection, timers } = connect(t);
    if (bye) Socket.last.hear({ type: "bye", reason: bye });
    Socket.last.end(code, reason);
    assert.deepEqual([connection.state.phase, connection.state.reason], ["stopped", bye || reason]);
    timers.tick(600_000);
    assert.equal(Socket.all.length, 1);
    timers.reset();
  }
});

test("a page that sends nothing pings, also while others write", t => {
  const { connection, timers } = connect(t);
  timers.tick(PING_INTERVAL - 1000);
  connection.send({ type: "typing" });
  for (let second = 0; second < PING_INTERVAL / 1000; second++) {
    assert.equal(Socket.last.sent.length, 1);
    Socket.last.hear({ type: "joined", name: "Анна", at: AT });
    timers.tick(1000);
  }
  assert.deepEqual(Socket.last.sent.at(-1), { type: "ping" });
});

test("a room that is silent for a minute, asked again at its end, is gone, and ignored", t => {
  const { connection, events, timers } = connect(t);
  const silent = Socket.last;
  for (let second = 0; second < (ANSWER_TIMEOUT - CHECK_TIMEOUT) / 1000; second++) timers.tick(1000);
  assert.deepEqual(silent.sent, [{ type: "ping" }, { type: "ping" }, { type: "ping" }]);
  timers.tick(CHECK_TIMEOUT);
  assert.equal(connection.state.phase, "waiting");
  assert.equal(silent.onmessage, null);
  assert.deepEqual(events, []);
  assert.ok(!connection.send({ type: "ping" }));
});

test("a hidden page, whose timers run once a minute, does not take its room for gone", t => {
  const { connection, timers } = connect(t);
  for (let minute = 0; minute < 5; minute++) {
    timers.tick(60_000); // runs all timers that are due, in their order
    if (connection.state.phase !== "open") break;
    Socket.last.hear({ type: "pong" });
  }
  assert.equal(connection.state.phase, "open");
});

test("a page that was away asks at once, and reconnects if there is no answer", t => {
  const { connection, timers } = connect(t);
  connection.check();
  connection.check();
  assert.deepEqual(Socket.last.sent, [{ type: "ping" }]);
  timers.tick(CHECK_TIMEOUT - 1);
  assert.equal(connection.state.phase, "open");
  timers.tick(1);
  assert.equal(connection.state.phase, "waiting");
  timers.tick(500);
  assert.equal(Socket.all.length, 2);
});

test("any frame is an answer", t => {
  const { connection, timers } = connect(t);
  connection.check();
  Socket.last.hear({ type: "joined", name: "Анна", at: AT });
  timers.tick(CHECK_TIMEOUT);
  assert.equal(connection.state.phase, "open");
});

test("a room that slows us down may answer as much later", t => {
  const { connection, timers } = connect(t);
  Socket.last.hear({ type: "throttled", seconds: 20 });
  timers.tick(1000);
  connection.check();
  timers.tick(19_000 + CHECK_TIMEOUT - 1);
  assert.equal(connection.state.phase, "open");
  timers.tick(1);
  assert.equal(connection.state.phase, "waiting");
});

test("an attempt from before the page was away is given up, a fresh one is not", t => {
  const { connection, timers } = connect(t);
  Socket.last.end(1006);
  timers.tick(15_000);
  const attempt = Socket.last;
  connection.check();
  assert.equal(attempt.readyState, 0);
  t.mock.timers.setTime(Date.now() + 60_000);
  connection.check();
  assert.equal(attempt.readyState, 3);
  assert.equal(connection.state.phase, "waiting");
});

test("the device says that it is offline: believed until something comes", t => {
  const { connection, timers } = connect(t);
  const offline = [];
  connection.deviceChanged.on(() => offline.push(connection.deviceOffline));
  connection.onOffline();
  assert.deepEqual(offline, [true]);
  Socket.last.hear({ type: "pong" });
  assert.deepEqual(offline, [true, false]);
  connection.onOffline();
  timers.tick(CHECK_TIMEOUT);
  assert.deepEqual([connection.state.phase, connection.deviceOffline], ["waiting", false]);
});

test("a refused WebSocket: the gateway is asked why, and for how long", async t => {
  const cases = [
    [429, "30", "crowded", 30_000],
    [503, "5", "full", 5_000],
    [503, "1", "restart", 1_000, "stopping"],
    [503, "90", "gateway", 500, ""], // of a proxy that does not reach the gateway
    [429, null, "crowded", 1000],
    [426, null, "gateway", 500, ""],
    [502, "90", "gateway", 500, ""],
  ];
  for (const [status, retryAfter, cause, wait, by = "max_sessions"] of cases) {
    Socket.all = [];
    const { connection, timers } = connect(t);
    Socket.last.end(1006);
    timers.tick(15_000);
    connection.markStable();
    const asked = [];
    globalThis.fetch = async url => {
      asked.push(url);
      return {
        status,
        headers: new Headers({ "X-Refused-By": by, ...(retryAfter && { "Retry-After": retryAfter }) }),
      };
    };
    Socket.last.end(1006);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    assert.deepEqual(asked, ["http://room/ws"]);
    assert.equal(connection.state.cause, cause);
    const left = connection.state.retryAt - Date.now();
    assert.ok(left <= wait && left >= wait / 2, `${left}`);
    connection.close();
    timers.reset();
  }
});

test("an answer that comes after the next attempt has begun is ignored", async t => {
  const { connection, timers } = connect(t);
  Socket.last.end(1006);
  timers.tick(15_000);
  globalThis.fetch = async () => ({ status: 429, headers: new Headers({ "Retry-After": "30" }) });
  Socket.last.end(1006);
  connection.check();
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  assert.equal(connection.state.phase, "connecting");
});

test("a socket that was opened early is used for the first connection", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  for (const readyState of [0, 1]) {
    const early = new Socket("ws://room/ws");
    early.readyState = readyState;
    const connection = new Connection("ws://room/ws", early);
    const phases = [];
    connection.changed.on(state => phases.push(state.phase));
    connection.open();
    if (readyState === 0) early.accept();
    assert.equal(Socket.last, early);
    assert.deepEqual(phases, ["connecting", "open"]);
    early.end(1006);
    t.mock.timers.tick(15_000);
    assert.notEqual(Socket.last, early);
    connection.close();
  }
});

test("an early socket that is closed already is not used, one that nobody needs is closed", () => {
  const dead = new Socket("ws://room/ws");
  dead.close();
  const connection = new Connection("ws://room/ws", dead);
  connection.open();
  assert.notEqual(Socket.last, dead);
  connection.close();
  const unused = new Socket("ws://room/ws");
  new Connection("ws://room/ws", unused).close();
  assert.equal(unused.readyState, 3);
});
