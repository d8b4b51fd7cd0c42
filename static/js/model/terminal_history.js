import { Signal } from "../lib/signal.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./terminal_lines.js").TerminalEvent} TerminalEvent */
/** @typedef {import("./timeline.js").Item} Item */
/** @typedef {import("./timeline.js").MessageItem} MessageItem */

/** Items shown at first, and each time more are wanted. */
const PORTION = 200;
/** Most events held; the oldest are dropped, some at once. */
const CAPACITY = 3000;

/**
 * What a terminal would have been told of the room: what is there when it is opened, and then each event. What has
 * scrolled up stays as it was, so a change is one more event.
 */
export class TerminalHistory {
  /** These have come. @type {Signal<TerminalEvent[]>} */
  added = new Signal();
  /** `events` begin anew. @type {Signal} */
  begun = new Signal();
  /** @type {TerminalEvent[]} */
  events = [];

  #room;
  #words;
  #isOn = false;
  /** Whether it has been told that we are in. */
  #isInside = false;
  /** The greatest id when it began. */
  #newest = 0;
  /** Keys of the items that are shown, or older than those. @type {Set<string>} */
  #seen = new Set();
  /** Key of the first one shown that is no gap. */
  #first = "";
  /** Messages as they were last shown. @type {Map<number, Message>} */
  #known = new Map();

  /**
   * @param {Room} room
   * @param {import("../lib/terminal_words.js").TerminalWords} words
   */
  constructor(room, words) {
    this.#room = room;
    this.#words = words;
    room.changed.on(() => this.#follow());
    room.entered.on(() => this.#onEntered());
    room.left.on(() => this.stop());
    room.connection.events.on(event => {
      if (this.#isOn && event.type === "changed") this.#onChanged(event);
    });
  }

  /** Begin with what is there now. */
  start() {
    this.#isOn = true;
    this.#known.clear();
    const { timeline, members, unread, joined } = this.#room;
    this.#newest = timeline.newest;
    this.#seen = new Set(timeline.items.map(({ key }) => key));
    const shown = timeline.items.slice(-PORTION);
    this.#first = firstKey(shown);
    this.events = this.#eventsOf(shown, unread.dividerAfter);
    if (shown.some(({ kind }) => kind === "message"))
      this.events.push({ type: "line", text: this.#words.t("history_end") });
    this.#isInside = joined;
    if (joined) {
      const { self: name, names, count, inCrowd } = members;
      this.events.push({ type: "entered", name, members: names, count: inCrowd ? count : 0 });
    }
    this.begun.emit();
  }

  /** Forget it. */
  stop() {
    this.#isOn = false;
    this.events = [];
    this.#seen.clear();
    this.#known.clear();
  }

  /** @returns {boolean} Whether older messages are in `events` now; else they are asked for, if there are any. */
  loadOlder() {
    const { items } = this.#room.timeline;
    const end = items.findIndex(({ key }) => key === this.#first);
    const [front] = items;
    const older = items.slice(Math.max(0, end - PORTION), Math.max(0, end));
    if (firstKey(older)) {
      this.#first = firstKey(older);
      this.events.unshift(...this.#eventsOf(older, null));
      return true;
    }
    if (front?.kind === "gap" && !front.loading) this.#room.history.load(front);
    return false;
  }

  #onEntered() {
    if (!this.#isOn) return;
    if (!this.#isInside) {
      this.start();
      return;
    }
    const { self: name, names } = this.#room.members;
    this.#add([{ type: "entered", name, members: names, rejoined: true }]);
    this.#follow();
    // What has changed meanwhile; nobody says when.
    for (const before of [...this.#known.values()]) {
      const item = this.#room.timeline.get(before.id);
      if (item && JSON.stringify(messageOf(item)) !== JSON.stringify(before))
        this.#change(item, "", "", false);
    }
  }

  /** Show what has come since. */
  #follow() {
    if (!this.#isOn) return;
    const { items } = this.#room.timeline;
    let from = items.length;
    while (from > 0 && !this.#seen.has(items[from - 1]?.key ?? "")) from -= 1;
    const fresh = items.slice(from);
    if (fresh.some(item => item.kind === "message" && item.id !== null && item.id <= this.#newest)) {
      this.start(); // it was there before, and comes only now
      return;
    }
    for (const { key } of fresh) this.#seen.add(key);
    if (fresh.length) this.#add(this.#eventsOf(fresh, null));
  }

  /** @param {import("./protocol.js").Changed} event */
  #onChanged({ message, act, at, mine }) {
    const item = this.#room.timeline.get(message.id);
    if (item) this.#change(item, act, at, mine !== undefined);
  }

  /**
   * @param {MessageItem} item
   * @param {string} act
   * @param {string} at
   * @param {boolean} own
   */
  #change(item, act, at, own) {
    const message = messageOf(item);
    const before = this.#known.get(message.id) ?? null;
    this.#known.set(message.id, message);
    this.#add([{ type: "changed", message, before, act, at, own }]);
  }

  /** @param {TerminalEvent[]} events */
  #add(events) {
    this.events.push(...events);
    if (this.events.length > CAPACITY) {
      for (const event of this.events.splice(0, CAPACITY / 10))
        if (event.type === "message") this.#known.delete(event.message.id);
      const keys = this.#room.timeline.items.map(({ key }) => key);
      this.#seen = new Set(keys.filter(key => this.#seen.has(key)));
      this.begun.emit();
    } else {
      this.added.emit(events);
    }
  }

  /**
   * @param {Item[]} items
   * @param {number | null} read  The last message above the line for unread ones, if there is one.
   * @returns {TerminalEvent[]}
   */
  #eventsOf(items, read) {
    let divided = read === null;
    return items.flatMap(item => {
      /** @type {TerminalEvent[]} */
      const events = [];
      if (!divided && item.kind === "message" && Number(item.id) > Number(read)) {
        divided = true;
        events.push({ type: "title", text: this.#words.t("unread") });
      }
      return [...events, ...this.#eventOf(item)];
    });
  }

  /** @param {Item} item @returns {TerminalEvent[]} */
  #eventOf(item) {
    switch (item.kind) {
      case "message": {
        if (!item.notice && this.#room.isIgnored(item.name)) return [];
        const message = messageOf(item);
        const { act, id } = item.notice ?? {};
        const told = act === "delete" && this.#known.get(id ?? 0);
        if (told) this.#known.set(told.id, { ...told, text: "", deleted: true });
        this.#known.set(message.id, message);
        return [{ type: "message", message }];
      }
      case "presence": {
        const { name, at, reason } = item;
        return [item.joined ? { type: "joined", name, at } : { type: "left", name, at, reason }];
      }
      case "gap": {
        const { count } = item;
        return count ? [{ type: "line", text: this.#words.plural("missed", count) }] : [];
      }
      default:
        return [{ type: "line", text: this.#words.t("new_log") }];
    }
  }
}

/** @param {Item[]} items @returns {string} The key of the first that is no gap, or "". */
function firstKey(items) {
  return items.find(({ kind }) => kind !== "gap")?.key ?? "";
}

/** @param {MessageItem} item @returns {Message} It as it is now. */
function messageOf({
  id,
  former,
  at,
  name,
  text,
  notice,
  deleted,
  action,
  reply,
  mentions,
  edited,
  reactions,
  mine,
  live,
}) {
  const kind = action ? "action" : undefined;
  return {
    id: id ?? former?.id ?? 0,
    at,
    name,
    text,
    notice,
    deleted,
    kind,
    reply,
    mentions,
    edited,
    reactions,
    mine,
    live,
  };
}
