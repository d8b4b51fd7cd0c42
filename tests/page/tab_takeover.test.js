import assert from "node:assert/strict";
import { test } from "node:test";
import { act, Browser, says, stored } from "./tabs.js";
import { ACTING, AT } from "./wire.js";

test("an open tab sends what a closed one left; not what an open one is sending", async t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const two = browser.join("Анна");
  one.wire.take();
  two.wire.enter("waiting");
  two.room.say("позже");
  await browser.wait();
  assert.deepEqual(says(one), []);
  browser.close(two);
  await browser.wait();
  assert.deepEqual(says(one), ["позже"]);
  const [{ ref }] = one.room.outbox.pending;
  const three = browser.join("Анна");
  await browser.wait();
  assert.deepEqual(says(three), []);
  one.wire.hear({ type: "ack", ref, id: 1, at: AT });
  assert.deepEqual(stored(browser), []);
});

test("a crashed tab's messages are sent after the next reconnect, and then gone in every tab", async t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const two = browser.join("Анна");
  two.wire.enter("waiting");
  two.room.say("упало");
  const [{ ref }] = two.room.outbox.pending;
  two.tabs.close = () => {};
  two.channel.postMessage = () => {}; // frozen: it does not answer, but will come back
  one.wire.enter("waiting");
  one.wire.open();
  one.wire.welcome({ name: "Анна", session: "secret of Анна" });
  await browser.wait();
  assert.deepEqual(says(one), ["упало"]);
  one.wire.hear({ type: "ack", ref, id: 1, at: AT });
  assert.deepEqual(two.room.outbox.messages, []);
});

test("a reload sends its own messages at once", t => {
  const browser = new Browser(t);
  const before = browser.join("Анна");
  before.wire.enter("waiting");
  before.room.say("до перезагрузки");
  browser.close(before);
  const again = browser.join("Анна", before.tabStore);
  assert.deepEqual(says(again), ["до перезагрузки"]);
});

test("a draft belongs to a tab and an identity; a new tab takes up that of a closed one", async t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const { id } = one.room.session;
  one.drafts.write(id, "первый");
  const two = browser.join("Анна");
  assert.equal(two.drafts.read(id), "");
  const whileOpen = two.drafts.takeUp(id, () => true);
  await browser.wait();
  assert.equal(await whileOpen, "");
  two.drafts.write(id, "второй");
  browser.close(one);
  browser.crash(two);
  const reloaded = browser.join("Анна", two.tabStore);
  assert.equal(reloaded.drafts.read(id), "второй");
  const three = browser.open();
  const left = three.drafts.takeUp(id, () => true);
  const foreign = three.drafts.takeUp("nobody", () => true);
  await browser.wait();
  assert.deepEqual([await left, await foreign, three.drafts.read(id)], ["первый", "", "первый"]);
  assert.equal(reloaded.drafts.read(id), "второй");
});

test("what is done with a message belongs to a tab and an identity, and survives a reload", t => {
  const browser = new Browser(t);
  const one = browser.join("Анна");
  const edit = { kind: "edit", epoch: "e", target: "ref" };
  const reply = { kind: "reply", epoch: "e", id: 7, name: "Борис", excerpt: "вопрос" };
  for (const [task, typed] of [
    [edit, "новый текст"],
    [{ ...edit, target: 8 }, ""],
    [reply, ""],
  ]) {
    one.drafts.writeTask("кто-то", task, typed);
    assert.deepEqual(one.drafts.readTask("кто-то"), { owner: "кто-то", task, typed });
    assert.equal(one.drafts.readTask("другой"), null);
  }
  one.drafts.writeTask("кто-то", { kind: "edit", epoch: "e" }, ""); // of what?
  assert.equal(one.drafts.readTask("кто-то"), null);
  one.drafts.writeTask("кто-то", null, "");
  assert.equal(one.tabStore.getItem("oneroom.task"), null);
});

const acts = ({ wire }) =>
  wire
    .take()
    .filter(({ type }) => ["edit", "delete", "react"].includes(type))
    .map(({ type, id }) => `${type} ${id}`);

test("an open tab does what a closed one has not; each act once, and then it is gone in every tab", async t => {
  const browser = new Browser(t);
  const [one, two] = [act(browser), act(browser)];
  two.wire.enter("waiting");
  two.room.acts.react(1, "👍");
  await browser.wait();
  assert.deepEqual(acts(one), []);
  browser.close(two);
  await browser.wait();
  assert.deepEqual(acts(one), ["react 1"]);
  const again = act(browser, two.tabStore);
  assert.deepEqual([acts(again), again.room.outbox.acts], [[], []]); // it is the other tab's now
  one.wire.answer("react", { type: "ack", id: 3, at: AT });
  assert.deepEqual(stored(browser), []);
});

test("an act waits for its message though another tab has taken that up", async t => {
  const browser = new Browser(t);
  const [one, two] = [act(browser), act(browser)];
  two.wire.enter("waiting");
  two.room.say("упало");
  const [{ ref }] = two.room.outbox.messages;
  two.room.acts.edit(ref, "не упало");
  two.tabs.close = () => {};
  two.channel.postMessage = () => {}; // frozen: it does not answer, but will come back
  one.room.sender.takeUp(tab => tab === two.tabs.key);
  assert.deepEqual(acts(one), []);
  two.wire.open();
  two.wire.welcome({ ...ACTING, session: "secret of Анна", last: 2 });
  two.wire.take();
  one.wire.hear({ type: "ack", ref, id: 3, at: AT });
  assert.deepEqual(acts(one), ["edit 3"]);
  assert.deepEqual(acts(two), ["edit 3"]); // the room knows the repeat by its ref
  one.wire.answer("edit", { type: "ack", id: 4, at: AT });
  assert.deepEqual([stored(browser), two.room.outbox.acts], [[], []]);
});

test("an act whose message was given up, here or in another tab, is given up with it", async t => {
  const browser = new Browser(t);
  const tab = act(browser);
  tab.room.say("нет");
  const [{ ref }] = tab.wire.take().filter(({ type }) => type === "say");
  tab.room.acts.edit(ref, "да");
  tab.wire.hear({ type: "error", code: "unavailable", ref });
  tab.room.discard(ref);
  assert.deepEqual([stored(browser), tab.room.outbox.acts], [[], []]);
  tab.room.say("нет");
  tab.room.acts.remove(tab.room.outbox.messages[0].ref);
  browser.store.removeItem(stored(browser).find(key => /outbox/.test(key))); // as an earlier version of the page
  tab.sync.onStorage(`oneroom.outbox.${tab.room.session.id}.${tab.room.outbox.messages[0].ref}`);
  tab.wire.enter("waiting");
  tab.wire.open();
  tab.wire.welcome({ ...ACTING, session: "secret of Анна", last: 2 });
  assert.deepEqual(
    tab.room.outbox.acts.map(({ code }) => code),
    ["not_found"],
  );
});

test("leaving drops acts, and a ban does; one who is in another log sees that they failed", async t => {
  const browser = new Browser(t);
  const tab = act(browser);
  tab.wire.enter("waiting");
  tab.room.acts.react(1, "👍");
  assert.deepEqual(tab.room.sender.count(), { messages: 0, acts: 1, drafts: 0 });
  browser.close(tab);
  const later = browser.open(tab.tabStore);
  later.wire.welcome({ ...ACTING, session: "secret of Анна", epoch: "f", last: 2 });
  assert.deepEqual([acts(later), later.room.outbox.acts[0].code], [[], "new_log"]);
  later.room.leave();
  assert.deepEqual(stored(browser), []);
  const banned = act(browser);
  banned.wire.enter("waiting");
  banned.room.acts.react(1, "👍");
  banned.wire.open();
  banned.wire.hear({ type: "error", code: "banned" });
  banned.wire.enter("stopped", "banned");
  assert.deepEqual([stored(browser), banned.room.outbox.acts], [[], []]);
});
