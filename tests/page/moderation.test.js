import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Moderation } from "../../static/js/model/moderation.js";
import { Requests } from "../../static/js/model/requests.js";

/** The moderation of a page that has joined; the room is the test. */
class Desk {
  sent = [];
  reconnected = false;
  requests = new Requests({
    send: command => this.sent.push(command),
    reconnect: () => {
      this.reconnected = true;
      this.lose();
    },
  });
  moderation = new Moderation(this.requests);
  constructor(moderator = true) {
    this.join(moderator);
  }
  join(moderator) {
    this.requests.online = true;
    this.moderation.onJoined(true, moderator);
  }
  lose() {
    this.requests.onDisconnect();
    this.moderation.onDisconnect();
  }
  /** The oldest command that was not taken yet. */
  take() {
    return this.sent.shift();
  }
  /** Answer the oldest command that was not taken yet. */
  answer(event) {
    assert.ok(this.requests.settle({ ...event, ref: this.take().ref }));
  }
}

let tick = _ => {};
beforeEach(t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  tick = milliseconds => t.mock.timers.tick(milliseconds);
});

test("the right password makes a moderator, a wrong one does not", async () => {
  const desk = new Desk(false);
  const wrong = desk.moderation.authenticate("a");
  const { type, password } = desk.sent[0];
  assert.deepEqual([type, password], ["authenticate", "a"]);
  desk.answer({ type: "error", code: "password_wrong" });
  assert.equal((await wrong).code, "password_wrong");
  assert.ok(!desk.moderation.moderator);
  const right = desk.moderation.authenticate("b");
  desk.moderation.onRole(true);
  desk.answer({ type: "role", moderator: true });
  assert.equal((await right).type, "role");
  assert.ok(desk.moderation.moderator);
});

test("an act is done once the room acknowledges it", async () => {
  const desk = new Desk();
  const muted = desk.moderation.moderate({ act: "mute", target: "Борис", seconds: 600 });
  let done = false;
  muted.then(() => (done = true));
  const { ref, ...command } = desk.take();
  assert.deepEqual(command, { type: "moderate", act: "mute", target: "Борис", seconds: 600 });
  assert.ok(!desk.requests.settle({ type: "ack", ref: "of a message", id: 1, at: "" }));
  await Promise.resolve();
  assert.equal(done, false);
  assert.ok(desk.requests.settle({ type: "ack", ref, id: 2, at: "" }));
  assert.equal((await muted).type, "ack");
});

test("a refusal names whom or what the request was about", async () => {
  const desk = new Desk();
  const answers = [
    desk.moderation.whois("Борис"),
    desk.moderation.moderate({ act: "kick", target: "Вера" }),
    desk.moderation.moderate({ act: "delete", id: 7 }),
    desk.moderation.bans(),
  ];
  while (desk.sent.length) desk.answer({ type: "error", code: "not_found" });
  assert.deepEqual(
    (await Promise.all(answers)).map(({ target }) => target),
    ["Борис", "Вера", "#7", ""],
  );
});

test("with the connection go the role and what was asked", async () => {
  const desk = new Desk();
  const answers = [desk.moderation.bans(), desk.moderation.whois("Борис")];
  desk.lose();
  for (const answer of await Promise.all(answers)) assert.equal(answer.code, "offline");
  assert.equal(desk.moderation.moderator, false);
  assert.equal((await desk.moderation.bans()).code, "offline");
  desk.join(true);
  assert.ok(desk.moderation.moderator);
});

test("a role that did not outlive the room is missed, one laid down by leaving is not", () => {
  const desk = new Desk();
  let demotions = 0;
  desk.moderation.demoted.on(() => (demotions += 1));
  desk.lose();
  desk.join(true);
  assert.equal(demotions, 0);
  desk.lose();
  desk.join(false);
  desk.lose();
  desk.join(false);
  assert.equal(demotions, 1);
  desk.moderation.onRole(true);
  desk.moderation.reset();
  desk.join(false);
  assert.equal(demotions, 1);
});

test("who is no moderator any more learns it from the refusal", () => {
  const desk = new Desk();
  let changes = 0;
  desk.moderation.changed.on(() => (changes += 1));
  desk.moderation.bans();
  desk.answer({ type: "error", code: "not_moderator" });
  assert.deepEqual([desk.moderation.moderator, changes], [false, 1]);
});

test("a room that does not answer is considered gone", async () => {
  const desk = new Desk();
  const answer = desk.moderation.bans();
  tick(30_000);
  assert.ok(desk.reconnected);
  assert.equal((await answer).code, "offline");
});
