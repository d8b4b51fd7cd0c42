import { markOwn, ownOf, quoteOf, stateOf } from "./message_state.js";
import { HISTORY_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */

/**
 * A message as it is now. Its fields change in place, and `version` then increases. `id` is null for a message of
 * an earlier log, which can be read, but not referred to; `former` is what it was there. Up to `changedAt`, an id
 * of the log, its acts are in these fields; up to `markedAt` the reader's own reactions are.
 * @typedef {{kind: "message", key: string, id: number | null, at: string, name: string,
 *   notice?: import("./protocol.js").Notice, version: number, changedAt: number, markedAt: number,
 *   former?: import("./protocol.js").Position} & import("./message_state.js").MessageState} MessageItem
 *
 * Somebody joined or left.
 * @typedef {{kind: "presence", key: string, joined: boolean, name: string, at: string, reason?: string}
 *   } PresenceItem
 *
 * Messages are missing here; `count` of them, where that is known. `backward` after a request from
 * its front found nothing there.
 * @typedef {{kind: "gap", key: string, count: number | null, loading: boolean, backward?: boolean}} GapItem
 *
 * Another log begins here.
 * @typedef {{kind: "new-log", key: string}} NewLogItem
 * @typedef {MessageItem | PresenceItem | GapItem | NewLogItem} Item
 */

/** What a deleted message has not. */
const NOTHING = {
  kind: undefined,
  reply: undefined,
  mentions: [],
  edited: undefined,
  reactions: [],
  live: undefined,
};

/** Most items held. The oldest are dropped first, and can be loaded again. */
const CAPACITY = 10_000;

/**
 * What is known of the conversation, in its order: messages by id, joins and leaves where they
 * happened, and a gap wherever messages are known to be missing. A gap at the very front means that
 * the room keeps older messages.
 */
export class Timeline {
  /** @type {Item[]} */
  items = [];
  epoch = "";
  /** The greatest id that was seen of this epoch, of a message or an act; 0 for none. */
  newest = 0;

  /** Of this epoch. @type {Map<number, MessageItem>} */
  #messages = new Map();
  /** Those that answer a message, by its id. @type {Map<number, Set<MessageItem>>} */
  #answers = new Map();
  #keys = 0;

  /** @param {number} id */
  has(id) {
    return this.#messages.has(id);
  }

  /** The id of the newest message, 0 if there is none: acts after it change nothing about what was read. */
  get newestMessage() {
    const item = this.items.findLast(each => each.kind === "message" && each.id !== null);
    return item?.kind === "message" ? (item.id ?? 0) : 0;
  }

  /** @param {number} id @returns {Message[]} This message and those after it. */
  messagesFrom(id) {
    return [...this.#messages].filter(([each]) => each >= id).map(([each, item]) => ({ ...item, id: each }));
  }

  /** @param {number} id */
  get(id) {
    return this.#messages.get(id);
  }

  /**
   * Everything up to an id has been seen.
   * @param {number} id
   */
  see(id) {
    this.newest = Math.max(this.newest, id);
  }

  /** Drop everything: it may be outdated. The epoch stays. */
  clear() {
    this.newest = 0;
    this.items = [];
    this.#messages.clear();
    this.#answers.clear();
  }

  /**
   * Begin another log; the messages of the former one stay readable above it.
   * @param {string} epoch
   */
  restart(epoch) {
    const items = this.items
      .filter(item => item.kind !== "gap")
      .map(item => (item.kind === "message" ? this.#retire(item) : item));
    this.clear();
    this.epoch = epoch;
    this.items = items;
    if (items.some(item => item.kind === "message")) items.push({ kind: "new-log", key: this.#newKey() });
  }

  /**
   * Continue with the newest messages that the room has.
   * @param {Message[]} messages  Oldest first.
   * @param {number} missed       How many between the newest here and these were left out.
   * @param {boolean} more        Whether anything older than these exists.
   * @param {number} last         Up to which id of the log these messages are as they are.
   */
  resume(messages, missed, more, last = 0) {
    const first = this.newest === 0;
    if (first ? more : missed > 0) this.items.push(this.#newGap(first ? null : missed));
    for (const message of messages) this.add(message, undefined, last);
    this.see(last);
  }

  /**
   * @param {Message} message
   * @param {string} [key]  Of the row that showed it while it was pending.
   * @param {number} last   Up to which id of the log it is as it is.
   * @returns {boolean} Whether it was new.
   */
  add(message, key, last = this.newest) {
    const { id } = message;
    if (this.#messages.has(id)) return false;
    const item = this.#newMessage(message, last, key);
    if (id > this.newest) this.items.push(item);
    else this.#insert(item, id);
    this.see(id);
    return true;
  }

  /**
   * An act has changed a message. What is older than what is known of it, or of a message that is not here, is
   * ignored.
   * @param {Message} message  As it is now.
   * @param {number} act       Up to which id of the log it is so.
   * @param {string[]} [mine]  The emojis of the reader's own reactions; they stay as they were if it is absent.
   */
  change(message, act, mine) {
    const item = this.#messages.get(message.id);
    if (!item) return;
    const own = mine && act >= item.markedAt ? mine : ownOf(item.reactions);
    if (mine) item.markedAt = Math.max(item.markedAt, act);
    const isNewer = act >= item.changedAt;
    if (isNewer) this.#unlink(item);
    const live = message.live && { ...item.live, ...message.live }; // acts on an open one do not tell its lines
    const state = isNewer ? { ...stateOf(message), live, mine: item.mine, changedAt: act } : item;
    Object.assign(item, state, { reactions: markOwn(state.reactions, own), version: item.version + 1 });
    if (isNewer) this.#link(item);
  }

  /**
   * Remove a message's text and all else that was in it; its place and number stay.
   * @param {number} id
   */
  markDeleted(id) {
    const item = this.#messages.get(id);
    if (item && !item.deleted)
      this.change({ ...item, id, text: "", deleted: true, ...NOTHING }, item.changedAt);
  }

  /** @param {{joined: boolean, name: string, at: string, reason?: string}} presence */
  addPresence({ joined, name, at, reason }) {
    this.items.push({ kind: "presence", key: this.#newKey(), joined, name, at, reason });
  }

  /** Drop the oldest items beyond the capacity. Call it only while they are out of view. */
  trim() {
    if (this.items.length <= CAPACITY) return;
    const dropped = this.items.splice(0, this.items.length - CAPACITY + CAPACITY / 10);
    for (const item of dropped) if (item.kind === "message") this.#forget(item);
    this.items.unshift(this.#newGap(null));
  }

  /**
   * @param {number} id
   * @returns {GapItem | undefined} The gap in which this message may be.
   */
  gapAround(id) {
    return this.items
      .filter(item => item.kind === "gap")
      .find(gap => {
        const { low, high } = this.bounds(gap);
        return low < id && id < high;
      });
  }

  /**
   * @param {GapItem} gap
   * @returns {{low: number, high: number}} The ids around it: 0 and Infinity where there are none.
   */
  bounds(gap) {
    const index = this.items.indexOf(gap);
    const isNumbered = (/** @type {Item} */ item) => item.kind === "message" && item.id !== null;
    const low = this.items.slice(0, index).findLast(isNumbered);
    const high = this.items.slice(index).find(isNumbered);
    return {
      low: low?.kind === "message" ? Number(low.id) : 0,
      high: high?.kind === "message" ? Number(high.id) : Number.POSITIVE_INFINITY,
    };
  }

  /**
   * Look for the oldest of the newest messages.
   * @param {number} count  Of how many.
   * @returns {{item: MessageItem | GapItem | undefined, missing: number}} It, or the gap where `missing` of
   *   them may be; undefined if there are none.
   */
  lookBack(count) {
    let missing = Math.min(count, CAPACITY);
    let oldest;
    for (let index = this.items.length - 1; index >= 0 && missing > 0; index -= 1) {
      const item = this.items[index];
      if (item?.kind === "gap") return { item, missing };
      if (item?.kind !== "message" || item.id === null) continue;
      oldest = item;
      missing -= 1;
    }
    return { item: oldest, missing };
  }

  /**
   * Choose what to ask the room for: the end of the gap if nothing stands before it, else its
   * beginning, as it is read in that direction. How many messages there are up to an id can only be estimated.
   * @param {GapItem} gap
   * @returns {number} The `before` of the request; Infinity for "the newest".
   */
  requestFor(gap) {
    const { low, high } = this.bounds(gap);
    if (low === 0 || gap.backward) return high;
    const idsPerMessage = gap.count && Number.isFinite(high) ? (high - low) / (gap.count + 1) : 1;
    return Math.min(high, low + 1 + Math.floor(HISTORY_PAGE * Math.max(1, idsPerMessage)));
  }

  /**
   * Put the room's answer into the gap it was requested for. What is still missing stays a gap,
   * before the messages or after them.
   * @param {GapItem} gap
   * @param {Message[]} messages  The newest below `before`, oldest first.
   * @param {number} before
   * @param {boolean} more        Whether anything older than these exists.
   * @param {number} first        From this id on there are no others; an older room does not say it.
   * @returns {Message[]} Those that were missing.
   */
  fill(gap, messages, before, more, first = messages[0]?.id ?? before) {
    if (!this.items.includes(gap)) return []; // dropped by now
    const { low, high } = this.bounds(gap);
    const found = messages.filter(({ id }) => id > low && id < high && !this.#messages.has(id));
    const missingBefore = more && first > low + 1 && messages.length > 0;
    const missingAfter = before < high && Number.isFinite(high);
    const count = gap.count === null ? null : Math.max(gap.count - found.length, 1);

    /** @type {Item[]} */
    const patch = found.map(message => this.#newMessage(message, this.newest));
    if (missingBefore) patch.unshift({ ...gap, count, loading: false });
    if (missingAfter) {
      const rest = missingBefore ? this.#newGap(null) : { ...gap, count, loading: false };
      patch.push({ ...rest, backward: found.length === 0 });
    }
    this.items.splice(this.items.indexOf(gap), 1, ...patch);
    this.see(found.at(-1)?.id ?? 0);
    return found;
  }

  /**
   * Put a message among newer ones. One that comes out of a gap splits it.
   * @param {MessageItem} item
   * @param {number} id
   */
  #insert(item, id) {
    let next = this.items.findIndex(each => each.kind === "message" && each.id !== null && each.id > id);
    if (next < 0) next = this.items.length; // what is newer were acts
    while (this.items[next - 1]?.kind === "presence") next -= 1;
    const splits = this.items[next - 1]?.kind === "gap";
    this.items.splice(next, 0, item, ...(splits ? [this.#newGap(null)] : []));
  }

  /**
   * @param {Message} message
   * @param {number} last  Up to which id of the log it is as it is.
   * @param {string} [key]
   * @returns {MessageItem}
   */
  #newMessage(message, last, key = `m${message.id}`) {
    const { id, at, name, notice } = message;
    const known = Math.max(id, last);
    const about = { key, id, at, name, notice, version: 0, changedAt: known, markedAt: known };
    /** @type {MessageItem} */
    const item = { kind: "message", ...about, ...stateOf(message) };
    this.#messages.set(id, item);
    this.#link(item);
    return item;
  }

  /** Note what a message answers, and bring the quotes of it up to date. @param {MessageItem} item */
  #link(item) {
    if (item.reply) {
      const answers = this.#answers.get(item.reply.id) ?? new Set();
      this.#answers.set(item.reply.id, answers.add(item));
    }
    const quote = quoteOf(item);
    for (const answer of this.#answers.get(quote.id) ?? []) {
      const { name, excerpt } = answer.reply ?? {};
      if (name === quote.name && excerpt === quote.excerpt) continue;
      Object.assign(answer, { reply: quote, version: answer.version + 1 });
    }
  }

  /** @param {MessageItem} item */
  #unlink(item) {
    const id = item.reply?.id ?? 0;
    const answers = this.#answers.get(id);
    answers?.delete(item);
    if (answers?.size === 0) this.#answers.delete(id);
  }

  /** @param {MessageItem} item */
  #forget(item) {
    this.#unlink(item);
    if (item.id !== null) this.#messages.delete(item.id);
  }

  /** @param {MessageItem} item @returns {MessageItem} It, when another log has begun. */
  #retire(item) {
    const former = item.id === null ? item.former : { epoch: this.epoch, id: item.id };
    return { ...item, id: null, former, key: this.#newKey() };
  }

  /** @param {number | null} count @returns {GapItem} */
  #newGap(count) {
    return { kind: "gap", key: this.#newKey(), count, loading: false };
  }

  #newKey() {
    this.#keys += 1;
    return `k${this.#keys}`;
  }
}
