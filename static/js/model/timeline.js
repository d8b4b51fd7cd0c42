import { HISTORY_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */

/**
 * `id` is null for a message of an earlier log: it can be read, but not referred to.
 * @typedef {{kind: "message", key: string, id: number | null, at: string, name: string, text: string,
 *   notice?: import("./protocol.js").Notice, deleted?: boolean}} MessageItem
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
  /** Newest id of this epoch, 0 for none. */
  newest = 0;

  /** @type {Set<number>} */
  #ids = new Set();
  #keys = 0;

  /** @param {number} id */
  has(id) {
    return this.#ids.has(id);
  }

  /**
   * Begin another log; the messages of the former one stay readable above it.
   * @param {string} epoch
   */
  restart(epoch) {
    this.epoch = epoch;
    this.newest = 0;
    this.#ids.clear();
    this.items = this.items
      .filter(item => item.kind !== "gap")
      .map(item => (item.kind === "message" ? { ...item, id: null, key: this.#newKey() } : item));
    if (this.items.some(item => item.kind === "message")) {
      this.items.push({ kind: "new-log", key: this.#newKey() });
    }
  }

  /**
   * Continue with the newest messages that the room has.
   * @param {Message[]} messages  Oldest first.
   * @param {number} missed       How many between the newest here and these were left out.
   * @param {boolean} more        Whether anything older than these exists.
   */
  resume(messages, missed, more) {
    const first = this.newest === 0;
    if (first ? more : missed > 0) this.items.push(this.#newGap(first ? null : missed));
    for (const message of messages) this.add(message);
  }

  /**
   * @param {Message} message
   * @param {string} [key]  Of the row that showed it while it was pending.
   * @returns {boolean} Whether it was new.
   */
  add(message, key) {
    const { id } = message;
    if (this.#ids.has(id)) return false;
    const item = this.#newMessage(message, key);
    if (id > this.newest) {
      this.newest = id;
      this.items.push(item);
    } else {
      this.#insert(item, id);
    }
    return true;
  }

  /**
   * Remove the text of a message; its place and number stay.
   * @param {number} id
   */
  markDeleted(id) {
    const index = this.items.findIndex(item => item.kind === "message" && item.id === id);
    const item = this.items[index];
    if (item?.kind === "message") this.items[index] = { ...item, text: "", deleted: true };
  }

  /** @param {{joined: boolean, name: string, at: string, reason?: string}} presence */
  addPresence({ joined, name, at, reason }) {
    this.items.push({ kind: "presence", key: this.#newKey(), joined, name, at, reason });
  }

  /** Drop the oldest items beyond the capacity. Call it only while they are out of view. */
  trim() {
    if (this.items.length <= CAPACITY) return;
    const dropped = this.items.splice(0, this.items.length - CAPACITY + CAPACITY / 10);
    for (const item of dropped) if (item.kind === "message" && item.id) this.#ids.delete(item.id);
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
    const found = messages.filter(({ id }) => id > low && id < high && !this.#ids.has(id));
    const missingBefore = more && first > low + 1 && messages.length > 0;
    const missingAfter = before < high && Number.isFinite(high);
    const count = gap.count === null ? null : Math.max(gap.count - found.length, 1);

    /** @type {Item[]} */
    const patch = found.map(message => this.#newMessage(message));
    if (missingBefore) patch.unshift({ ...gap, count, loading: false });
    if (missingAfter) {
      const rest = missingBefore ? this.#newGap(null) : { ...gap, count, loading: false };
      patch.push({ ...rest, backward: found.length === 0 });
    }
    this.items.splice(this.items.indexOf(gap), 1, ...patch);
    this.newest = Math.max(this.newest, found.at(-1)?.id ?? 0);
    return found;
  }

  /**
   * Put a message among newer ones. One that comes out of a gap splits it.
   * @param {MessageItem} item
   * @param {number} id
   */
  #insert(item, id) {
    let next = this.items.findIndex(each => each.kind === "message" && each.id !== null && each.id > id);
    while (this.items[next - 1]?.kind === "presence") next -= 1;
    const splits = this.items[next - 1]?.kind === "gap";
    this.items.splice(next, 0, item, ...(splits ? [this.#newGap(null)] : []));
  }

  /**
   * @param {Message} message
   * @param {string} [key]
   * @returns {MessageItem}
   */
  #newMessage({ id, at, name, text, notice, deleted }, key = `m${id}`) {
    this.#ids.add(id);
    return { kind: "message", key, id, at, name, text, notice, deleted };
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
