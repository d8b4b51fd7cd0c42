import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Drafts } from "../../static/js/model/drafts.js";
import { OpenTabs } from "../../static/js/model/open_tabs.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { TabSync } from "../../static/js/model/tab_sync.js";
import { ACTING, AT, FullStore, message, Wire } from "./wire.js";

/** A browser: its tabs have one store and one channel. */
class Browser {
  store = new MemoryStore();
  tabs = [];
  constructor(t) {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse(AT) });
    this.timers = t.mock.timers;
  }
  /** Open a tab; `tabStore` is that of a tab before its reload. */
  open(tabStore = new MemoryStore(), store = this.#watched()) {
    const tab = { wire: new Wire(), tabStore, store, left: [] };
    tab.channel = {
      postMessage: data => this.#others(tab).map(({ channel }) => channel.onmessage({ data })),
    };
    this.tabs.push(tab);
    tab.tabs = new OpenTabs(tabStore, tab.channel);
    tab.room = new Room(tab.wire, new Session(store), new Outbox(store, tab.tabs));
    tab.room.left.on(({ reason }) => tab.left.push(reason));
    tab.sync = new TabSync(tab.room, tab.tabs);
    tab.drafts = new Drafts(store, tab.tabs, tab.tabStore);
    if (tab.room.session.name) tab.room.enter(tab.room.session.name);
    return tab;
  }
  /** Open one and join; the room welcomes it. */
  join(name, tabStore) {
    const tab = this.open(tabStore);
    if (!tab.room.session.name) tab.room.enter(name);
    tab.wire.welcome({ name, session: `secret of ${name}` });
    return tab;
  }
  close(tab) {
    tab.tabs.close();
    this.crash(tab);
  }
  crash(tab) {
    this.tabs = this.#others(tab);
    tab.wire.close();
  }
  /** Let the others answer, and the messages of closed tabs be taken up. */
  async wait() {
    for (let step = 0; step < 20; step++) {
      this.timers.tick(400);
      for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    }
  }
  clear() {
    this.store = new MemoryStore();
    for (const tab of this.tabs) tab.sync.onStorage(null);
  }
  #others(tab) {
    return this.tabs.filter(each => each !== tab);
  }
  /** The store as one tab sees it: what that tab changes, the others hear of. */
  #watched() {
    const browser = this;
    const me = () => browser.tabs.find(({ store }) => store === watched);
    const watched = {
      get length() {
        return browser.store.length;
      },
      key: index => browser.store.key(index),
      getItem: key => browser.store.getItem(key),
      setItem(key, value) {
        browser.store.setItem(key, value);
        for (const tab of browser.#others(me())) tab.sync?.onStorage(key);
      },
      removeItem(key) {
        const had = browser.store.getItem(key) !== null;
        browser.store.removeItem(key);
        if (had) for (const tab of browser.#others(me())) tab.sync?.onStorage(key);
      },
    };
    return watched;
  }
}

const says = ({ wire }) =>
  wire
    .take()
    .filter(({ type }) => type === "say")
    .map(({ text }) => text);
const stored = ({ store }) =>
  Array.from({ length: store.length }, (_, at) => store.key(at)).filter(key => /outbox|act|draft/.test(key));

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

test("another name shows the room no session, and drops what is unsent only once it is let in", t => {
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
  assert.deepEqual([asAlla.session, asAlla.since, asAnna.session], [undefined, undefined, "secret of Анна"]);
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

const acts = ({ wire }) =>
  wire
    .take()
    .filter(({ type }) => ["edit", "delete", "react"].includes(type))
    .map(({ type, id }) => `${type} ${id}`);

/** Open a tab of Анна in a room that knows acts. */
function act(browser, tabStore) {
  const tab = browser.open(tabStore);
  if (!tab.room.session.name) tab.room.enter("Анна");
  const messages = [message(1, "Борис"), message(2, "Борис")];
  tab.wire.welcome({ ...ACTING, session: "secret of Анна", last: 2, messages });
  return tab;
}

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
