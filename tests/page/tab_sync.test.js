import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Session } from "../../static/js/model/session.js";
import { act, Browser, says, stored } from "./tabs.js";
import { AT, FullStore, message } from "./wire.js";

for (const [reason, error] of [
  ["banned", [{ type: "error", code: "banned" }]],
  ["kicked", []],
])
  test(`what one person wrote offline before being ${reason} is never sent by the next`, async t => {
    const browser = new Browser(t);
    const anna = browser.join("Анна");
    anna.wire.enter("waiting");
    anna.room.say("от Анны");
    anna.drafts.write(anna.room.session.id, "и ещё от Анны");
    anna.wire.open();
    anna.wire.hear(...error);
    anna.wire.enter("stopped", reason);
    assert.deepEqual(stored(browser), []);
    anna.wire.take();
    anna.room.enter("Борис");
    anna.wire.welcome({ name: "Борис", session: "other" });
    await browser.wait();
    assert.deepEqual([says(anna), anna.room.outbox.messages], [[], []]);
    assert.equal(anna.drafts.read(anna.room.session.id), "");
  });

test("another name shows the room another session, and drops what is unsent only once it is let in", t => {
  const browser = new Browser(t);
  const tab = browser.join("Анна");
  tab.room.say("от Анны");
  tab.wire.enter("stopped", "password");
  tab.wire.take();
  tab.room.enter("Алла");
  tab.wire.hear({ type: "error", code: "name_taken" });
  assert.equal(tab.room.sender.count().messages, 1);
  tab.room.enter("Анна");
  const [asAlla, asAnna] = tab.wire.take();
  assert.notEqual(asAlla.session, "secret of Анна");
  assert.deepEqual([asAlla.since, asAnna.session], [undefined, "secret of Анна"]);
  tab.wire.enter("stopped", "late");
  tab.room.enter("Алла");
  tab.wire.welcome({ name: "Алла", session: "other" });
  assert.deepEqual([says(tab), stored(browser)], [[], []]);
});

test("leaving empties every tab, also of what another tab has not sent", async t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const two = browser.join("Анна");
  two.wire.enter("waiting");
  two.room.say("из второй вкладки");
  one.drafts.write(one.room.session.id, "черновик");
  assert.deepEqual(one.room.sender.count(), { messages: 1, acts: 0, drafts: 1 });
  one.room.leave();
  assert.deepEqual([one.left, two.left, stored(browser)], [[""], ["elsewhere"], []]);
  const next = browser.join("Борис");
  await browser.wait();
  assert.deepEqual([says(next), next.room.sender.count()], [[], { messages: 0, acts: 0, drafts: 0 }]);
});

test("a duplicated tab gets a key of its own", async t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const copied = new MemoryStore();
  copied.setItem("oneroom.tab", one.tabs.key);
  const copy = browser.join("Анна", copied);
  await browser.wait();
  assert.notEqual(copy.tabs.key, one.tabs.key);
  assert.equal(copied.getItem("oneroom.tab"), copy.tabs.key);
});

test("a tab at the login joins when another tab does, also if it was refused that name", t => {
  const browser = new Browser(t);
  const idle = browser.open();
  const trying = browser.open();
  trying.room.enter("Анна");
  browser.join("Анна");
  assert.deepEqual(
    idle.wire.take().map(({ name, session }) => [name, session]),
    [["Анна", "secret of Анна"]],
  );
  assert.equal(trying.wire.take().length, 1);
  trying.wire.hear({ type: "error", code: "name_taken", suggestion: "Анна 2" });
  assert.equal(trying.wire.take()[0].session, "secret of Анна");
});

test("a kicked tab does not come back by itself", t => {
  const browser = new Browser(t);
  const tab = browser.join("Анна");
  tab.wire.take();
  tab.wire.enter("stopped", "kicked");
  tab.sync.check();
  assert.deepEqual([tab.left, tab.wire.take()], [["kicked"], []]);
});

test("a tab under another identity says so, keeps the other's, and can become the other", t => {
  const browser = new Browser(t);
  const slow = browser.open();
  slow.room.enter("Борис");
  const anna = browser.join("Анна");
  slow.wire.welcome({ name: "Борис", session: "secret of Борис" });
  assert.deepEqual([anna.sync.otherName, slow.sync.otherName], ["Борис", ""]);
  anna.room.say("ещё Анна");
  anna.wire.hear({ type: "message", id: 4, at: AT, name: "Борис", text: "да" });
  anna.room.unread.setReading(true, 4);
  assert.equal(new Session(browser.store).name, "Борис");
  assert.equal(new Session(browser.store).read, null);
  anna.wire.take();
  anna.sync.switch();
  const sent = anna.wire.take();
  assert.deepEqual(
    sent.map(({ type, session }) => [type, session]),
    [
      ["leave", undefined],
      ["join", "secret of Борис"],
    ],
  );
  assert.deepEqual([anna.sync.otherName, slow.left, stored(browser)], ["", [], []]);
});

test("emptying the store counts as leaving; a store that is full does not", t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  browser.clear();
  assert.deepEqual(one.left, ["elsewhere"]);
  const full = browser.open(new MemoryStore(), new FullStore());
  full.room.enter("Вера");
  full.wire.welcome({ name: "Вера" });
  full.sync.onStorage(null);
  assert.deepEqual([full.left, full.room.joined], [[], true]);
});

test("identities and messages of earlier versions of the page belong together", t => {
  const browser = new Browser(t);
  browser.store.setItem("oneroom.identity", '{"name":"Анна","secret":"secret of Анна"}');
  browser.store.setItem(
    "oneroom.outbox.r",
    JSON.stringify({ ref: "r", text: "раньше", at: AT, state: "pending" }),
  );
  const tab = browser.join("Анна");
  assert.deepEqual(says(tab), ["раньше"]);
  tab.room.leave();
  assert.deepEqual(stored(browser), []);
});

test("tabs agree about what is unread", t => {
  const browser = new Browser(t);
  const [one, two] = [browser.join("Анна"), browser.join("Анна")];
  const hear = (...ids) => {
    for (const tab of browser.tabs)
      for (const id of ids) tab.wire.hear({ type: "message", id, at: AT, name: "Борис", text: "да" });
  };
  const counts = () => browser.tabs.map(({ room }) => room.unread.count);
  hear(1, 2, 3);
  assert.deepEqual(counts(), [3, 3]);
  one.room.unread.setReading(true, 3);
  assert.deepEqual(counts(), [0, 0]);
  hear(4);
  one.room.unread.setReading(true, 4);
  assert.deepEqual([counts(), two.room.unread.dividerAfter], [[0, 0], null]);
  // A tab that is behind does not take back what was read.
  two.room.unread.setReading(true, 3);
  assert.equal(new Session(browser.store).read.id, 4);
  const later = browser.open();
  assert.deepEqual(later.wire.take().at(-1)?.since ?? later.room.session.read, { epoch: "e", id: 4 });
});

test("what is to be unread again is so in all tabs, until one has turned away and comes back", t => {
  const browser = new Browser(t);
  const [one, two] = [browser.join("Анна"), browser.join("Анна")];
  const hear = id => {
    for (const { wire } of browser.tabs)
      wire.hear({ type: "message", id, at: AT, name: "Борис", text: "да" });
  };
  const counts = () => browser.tabs.map(({ room }) => room.unread.count);
  for (const id of [1, 2, 3]) hear(id);
  one.room.unread.setReading(true, 3);
  one.room.reading.markUnread(2);
  assert.deepEqual([counts(), one.room.unread.dividerAfter, two.room.unread.dividerAfter], [[2, 2], 1, 1]);
  one.room.unread.setReading(true, 3);
  hear(4);
  assert.deepEqual(counts(), [3, 3]);
  assert.deepEqual(browser.open().wire.take().at(-1)?.since ?? new Session(browser.store).read.id, 1);
  one.room.unread.setReading(false, 4, true); // scrolled
  one.room.unread.setReading(true, 4);
  assert.deepEqual(counts().slice(0, 2), [3, 3]);
  one.room.unread.setReading(false, 4);
  one.room.unread.setReading(true, 4);
  assert.deepEqual(counts().slice(0, 2), [0, 0]);
});

test("tabs agree up to which act they have read", t => {
  const browser = new Browser(t);
  const [one, two] = [act(browser), act(browser)];
  const changed = {
    type: "changed",
    id: 9,
    at: AT,
    by: "Борис",
    act: "edit",
    message: message(1, "Борис", "да"),
  };
  one.wire.hear(changed);
  one.room.unread.setReading(true, one.room.timeline.newest);
  assert.deepEqual([two.room.session.read.id, two.room.unread.lastRead], [9, 9]);
  assert.equal(browser.open().wire.take().at(-1).before, 9 + 25);
});
