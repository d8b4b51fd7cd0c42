import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Moderation } from "../../static/js/model/moderation.js";

/** A moderator's desk whose room is the test. */
class Desk {
  sent = [];
  reconnected = false;
  moderation = new Moderation({
    send: command => this.sent.push(command),
    reconnect: () => this.#reconnect(),
  });
  constructor(moderator = true) {
    this.moderation.onJoined("Вера", true, moderator);
  }
  #reconnect() {
    this.reconnected = true;
    this.moderation.onDisconnect();
  }
  /** What was asked since the last call. */
  take() {
    return this.sent.splice(0);
  }
  notice(act, by = "Вера") {
    this.moderation.onEvent({
      type: "message",
      id: 1,
      at: "",
      name: "Сервер",
      text: "",
      notice: { act, by },
    });
  }
  refuse(code) {
    return this.moderation.onError({ type: "error", code });
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
  assert.ok(desk.refuse("password_wrong"));
  assert.equal((await wrong).code, "password_wrong");
  const right = desk.moderation.authenticate("b");
  desk.moderation.onEvent({ type: "role", moderator: true });
  assert.equal((await right).type, "role");
  assert.ok(desk.moderation.moderator);
  assert.deepEqual(
    desk.take().map(({ password }) => password),
    ["a", "b"],
  );
});

test("an act is done once the room tells of it, in our name", async () => {
  const desk = new Desk();
  const muted = desk.moderation.moderate({ act: "mute", target: "Борис", seconds: 600 });
  let done = false;
  muted.then(() => (done = true));
  assert.deepEqual(desk.take(), [{ type: "moderate", act: "mute", target: "Борис", seconds: 600 }]);
  desk.notice("mute", "Анна");
  desk.notice("kick");
  await Promise.resolve();
  assert.equal(done, false);
  desk.notice("mute");
  assert.equal((await muted).type, "message");
});

test("there is one question at a time", async () => {
  const desk = new Desk();
  const answers = [desk.moderation.whois("Борис"), desk.moderation.bans()];
  assert.deepEqual(desk.take(), [{ type: "whois", name: "Борис" }]);
  desk.refuse("not_found");
  assert.equal((await answers[0]).target, "Борис");
  assert.deepEqual(desk.take(), [{ type: "bans" }]);
  desk.moderation.onEvent({ type: "bans", bans: [] });
  assert.deepEqual(
    (await Promise.all(answers)).map(({ type }) => type),
    ["error", "bans"],
  );
  assert.ok(!desk.refuse("not_found"));
});

test("with the connection go the role and what was asked", async () => {
  const desk = new Desk();
  const answers = [desk.moderation.bans(), desk.moderation.whois("Борис")];
  desk.moderation.onDisconnect();
  for (const answer of await Promise.all(answers)) assert.equal(answer.code, "offline");
  assert.equal(desk.moderation.moderator, false);
  assert.equal((await desk.moderation.bans()).code, "offline");
  desk.moderation.onJoined("Вера", true, true);
  assert.ok(desk.moderation.moderator);
});

test("a role that did not outlive the room is missed, one laid down by leaving is not", () => {
  const desk = new Desk();
  let demotions = 0;
  desk.moderation.demoted.on(() => (demotions += 1));
  desk.moderation.onDisconnect();
  desk.moderation.onJoined("Вера", true, true);
  assert.equal(demotions, 0);
  desk.moderation.onDisconnect();
  desk.moderation.onJoined("Вера", true, false);
  desk.moderation.onDisconnect();
  desk.moderation.onJoined("Вера", true, false);
  assert.equal(demotions, 1);
  desk.moderation.onEvent({ type: "role", moderator: true });
  desk.moderation.reset();
  desk.moderation.onJoined("Вера", true, false);
  assert.equal(demotions, 1);
});

test("who is no moderator any more learns it from the refusal", () => {
  const desk = new Desk();
  let changes = 0;
  desk.moderation.changed.on(() => (changes += 1));
  desk.moderation.bans();
  desk.refuse("not_moderator");
  assert.deepEqual([desk.moderation.moderator, changes], [false, 1]);
});

test("a room that does not answer is held for gone", async () => {
  const desk = new Desk();
  const answer = desk.moderation.bans();
  tick(30_000);
  assert.ok(desk.reconnected);
  assert.equal((await answer).code, "offline");
});
