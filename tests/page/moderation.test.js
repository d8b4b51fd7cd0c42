import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Moderation } from "../../static/js/model/moderation.js";
import { Requests } from "../../static/js/model/requests.js";

/** The moderation of a page that has joined; the room is the test. */
class Page {
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
  const page = new Page(false);
  const wrong = page.moderation.authenticate("a");
  const { type, password } = page.sent[0];
  assert.deepEqual([type, password], ["authenticate", "a"]);
  page.answer({ type: "error", code: "password_wrong" });
  assert.equal((await wrong).code, "password_wrong");
  assert.ok(!page.moderation.moderator);
  const right = page.moderation.authenticate("b");
  page.moderation.onRole(true);
  page.answer({ type: "role", moderator: true });
  assert.equal((await right).type, "role");
  assert.ok(page.moderation.moderator);
});

test("an act is done once the room acknowledges it", async () => {
  const page = new Page();
  const muted = page.moderation.moderate({ act: "mute", target: "Борис", seconds: 600 });
  let done = false;
  muted.then(() => (done = true));
  const { ref, ...command } = page.take();
  assert.deepEqual(command, { type: "moderate", act: "mute", target: "Борис", seconds: 600 });
  assert.ok(!page.requests.settle({ type: "ack", ref: "of a message", id: 1, at: "" }));
  await Promise.resolve();
  assert.equal(done, false);
  assert.ok(page.requests.settle({ type: "ack", ref, id: 2, at: "" }));
  assert.equal((await muted).type, "ack");
});

test("a refusal names whom or what the request was about", async () => {
  const page = new Page();
  const answers = [
    page.moderation.whois("Борис"),
    page.moderation.moderate({ act: "kick", target: "Вера" }),
    page.moderation.moderate({ act: "delete", id: 7 }),
    page.moderation.bans(),
  ];
  while (page.sent.length) page.answer({ type: "error", code: "not_found" });
  assert.deepEqual(
    (await Promise.all(answers)).map(({ target }) => target),
    ["Борис", "Вера", "#7", ""],
  );
});

test("a lost connection ends the role and fails open requests", async () => {
  const page = new Page();
  const answers = [page.moderation.bans(), page.moderation.whois("Борис")];
  page.lose();
  for (const answer of await Promise.all(answers)) assert.equal(answer.code, "offline");
  assert.equal(page.moderation.moderator, false);
  assert.equal((await page.moderation.bans()).code, "offline");
  page.join(true);
  assert.ok(page.moderation.moderator);
});

test("losing the role is reported after a reconnect, but not after leaving", () => {
  const page = new Page();
  let demotions = 0;
  page.moderation.demoted.on(() => (demotions += 1));
  page.lose();
  page.join(true);
  assert.equal(demotions, 0);
  page.lose();
  page.join(false);
  page.lose();
  page.join(false);
  assert.equal(demotions, 1);
  page.moderation.onRole(true);
  page.moderation.reset();
  page.join(false);
  assert.equal(demotions, 1);
});

test("a refusal as not_moderator ends the role", () => {
  const page = new Page();
  let changes = 0;
  page.moderation.changed.on(() => (changes += 1));
  page.moderation.bans();
  page.answer({ type: "error", code: "not_moderator" });
  assert.deepEqual([page.moderation.moderator, changes], [false, 1]);
});

test("a room that does not answer is considered gone", async () => {
  const page = new Page();
  const answer = page.moderation.bans();
  tick(30_000);
  assert.ok(page.reconnected);
  assert.equal((await answer).code, "offline");
});
