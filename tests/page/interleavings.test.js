import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { RoomModel } from "./room_model.js";
import { Wire } from "./wire.js";

const EMOJIS = ["👍", "❤️"];
const ROUNDS = 150;
const STEPS = 60;

/** Mulberry32. @returns {(below: number) => number} Integers that a seed decides. */
function chance(seed) {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A tab of a person; those with the same store are of one browser. */
class Tab {
  said = 0;
  constructor(server, name, key, store) {
    Object.assign(this, { server, name, key, store, siblings: [] });
    this.open();
  }
  open() {
    this.wire = new Wire();
    const watched = Object.create(this.store, { length: { get: () => this.store.length } });
    for (const method of ["getItem", "key"]) watched[method] = (...given) => this.store[method](...given);
    for (const method of ["setItem", "removeItem"])
      watched[method] = (key, value) => {
        this.store[method](key, value);
        for (const tab of this.siblings) tab.room.sender.follow(key);
      };
    this.room = new Room(this.wire, new Session(watched), new Outbox(watched, { key: this.key }));
    this.room.enter(this.name);
    this.link = this.server.connect(this.wire);
  }
  lose() {
    this.server.cut(this.link);
    this.wire.enter("waiting");
  }
  reconnect() {
    if (this.wire.state.phase === "open") return;
    this.wire.open();
    this.link = this.server.connect(this.wire);
  }
  reload() {
    this.server.cut(this.link);
    this.wire.close();
    this.open();
  }
  /** What is there to act on, as a reader sees it. */
  get targets() {
    const { timeline, acts, outbox } = this.room;
    const items = acts.show(timeline.items).filter(({ kind, id }) => kind === "message" && id !== null);
    return [...items, ...acts.showOutgoing(outbox.messages)];
  }
  act(random) {
    const { acts } = this.room;
    const targets = this.targets;
    const message = targets[random(targets.length || 1)];
    const target = message && ("ref" in message ? message.ref : message.id);
    const token = `${this.key} ${++this.said}`;
    const what = random(6);
    if (what === 0 || !message) this.room.say(token);
    else if (what === 1 && acts.canAnswer(message)) this.room.say(token, { reply: target });
    else if (what === 2)
      acts.edit(target, token); // also of others: the room refuses it
    else if (what === 3 && random(3) === 0) acts.remove(target);
    else acts.react(target, EMOJIS[random(2)]);
  }
}

/** What is known of the messages: all that acts can change. */
function stateOf(items) {
  return items
    .filter(({ kind, id }) => kind === "message" && id !== null)
    .map(({ id, text, deleted, edited, reply, reactions, mine, name }) => ({
      id,
      text,
      deleted: Boolean(deleted),
      edited,
      reply: reply && `${reply.id} ${reply.name} ${reply.excerpt}`,
      reactions: reactions.map(each => `${each.emoji} ${each.count} ${each.names} ${Boolean(each.mine)}`),
      mine: Boolean(mine),
      name,
    }));
}

/** Let everything that is on its way arrive. */
function settle(server, tabs) {
  for (const tab of tabs) tab.reconnect();
  for (let again = true; again; ) {
    again = tabs.some(({ wire }) => wire.sent.length > 0);
    server.work();
    for (const { link } of tabs) while (server.deliver(link)) again = true;
  }
}

async function loadAll(server, tabs) {
  for (let again = true; again; ) {
    again = false;
    for (const { room } of tabs) {
      const gap = room.timeline.items.findLast(({ kind }) => kind === "gap");
      if (!gap) continue;
      room.history.load(gap);
      again = true;
    }
    settle(server, tabs);
    await null;
  }
}

test("any order of acts, acks, reconnects and reloads ends as a fresh join begins", async () => {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = chance(seed);
    const server = new RoomModel();
    const browser = new MemoryStore();
    const tabs = [
      new Tab(server, "Анна", "one", browser),
      new Tab(server, "Борис", "his", new MemoryStore()),
    ];
    settle(server, tabs);
    tabs.push(new Tab(server, "Анна", "two", browser));
    tabs[0].siblings = [tabs[2]];
    tabs[2].siblings = [tabs[0]];
    settle(server, tabs);
    for (let step = 0; step < STEPS; step++) {
      const tab = tabs[random(tabs.length)];
      const what = random(12);
      if (what < 5) tab.act(random);
      else if (what < 7) server.work([tab.link]);
      else if (what === 7) server.work();
      else if (what < 10) for (let count = random(4); count >= 0; count--) server.deliver(tab.link);
      else if (what === 10 && random(2)) tab.reload();
      else if (what === 11 && random(20) === 0) {
        for (const each of tabs) each.lose();
        server.restart();
      } else if (tab.wire.state.phase === "open") tab.lose();
      else tab.reconnect();
    }
    settle(server, tabs);
    const fresh = new Tab(server, "Анна", "fresh", new MemoryStore());
    tabs.push(fresh);
    await loadAll(server, tabs);
    for (const { room, name, key } of tabs) {
      const expected = [...server.messages.keys()].map(id => ({ ...server.view(id, name), kind: "message" }));
      const where = `seed ${seed}, tab ${key}`;
      assert.deepEqual(
        stateOf(room.timeline.items),
        stateOf(expected.map(m => ({ reactions: [], ...m }))),
        where,
      );
      assert.ok(room.timeline.newest >= server.news && room.timeline.newest <= server.last, where);
      for (const { code, of } of room.outbox.acts)
        if (code) assert.match(code, /not_yours|is_deleted|new_log/, where);
        else assert.equal(room.outbox.get(of).code, "new_log", where); // waits for what its author may say again
      for (const { code } of room.outbox.messages) assert.equal(code, "new_log", where);
    }
    assert.equal(server.foreign, 0, `seed ${seed}`);
    for (const tab of tabs) tab.wire.close();
  }
});
