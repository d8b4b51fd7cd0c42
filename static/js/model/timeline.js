import { HISTORY_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */

/**
 * `id` is null for a message of an earlier log: it can be read, not referred to.
 * @typedef {{kind: "message", key: string, id: number | null, at: string, name: string, text: string,
 *   notice?: import("./protocol.js").Notice, deleted?: boolean}} MessageItem
 * @typedef {{kind: "presence", key: string, came: boolean, name: string, at: string, reason?: string}
 *   } PresenceItem
 *
 * More messages belong here than are loaded; `count` of them, where that is known.
 * `backward` once asking from its front found nothing there.
 * @typedef {{kind: "gap", key: string, count: number | null, loading: boolean, backward?: boolean}} GapItem
 *
 * Another log begins here.
 * @typedef {{kind: "fresh", key: string}} FreshItem
 * @typedef {MessageItem | PresenceItem | GapItem | FreshItem} Item
 */

/** Most items held; beyond it the oldest go, to be asked for again when wanted. */
const CAPACITY = 10_000;

/**
 * What is known of the conversation, in its order: messages by id, comings and
 * goings where they happened, and a gap wherever something is known to be missing.
 * A gap at the very front means that older messages are kept by the room.
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
   * The log is another one than before: what is here stays readable, as the past.
   * @param {string} epoch
   */
  restart(epoch) {
    this.epoch = epoch;
    this.newest = 0;
    this.#ids.clear();
    this.items = this.items
      .filter(item => item.kind !== "gap")
      .map(item => (item.kind === "message" ? { ...item, id: null } : item));
    if (this.items.some(item => item.kind === "message")) {
      this.items.push({ kind: "fresh", key: this.#key() });
    }
  }

  /**
   * Continue with the newest messages that the room has.
   *
   * @param {Message[]} messages  Oldest first.
   * @param {number} missed       How many between the newest here and these were left out.
   * @param {boolean} more        Whether anything older than these exists.
   */
  resume(messages, missed, more) {
    const first = this.newest === 0;
    if (first ? more : missed > 0) this.items.push(this.#gap(first ? null : missed));
    for (const message of messages) this.add(message);
  }

  /**
   * @param {Message} message
   * @param {string} [key]  Of the row it was shown in while pending.
   * @returns {boolean} Whether it was new.
   */
  add(message, key) {
    const { id } = message;
    if (this.#ids.has(id)) return false;
    const item = this.#item(message, key);
    if (id > this.newest) {
      this.newest = id;
      this.items.push(item);
    } else {
      this.#insert(item, id);
    }
    return true;
  }

  /**
   * Take the text of a message away; its place and number stay.
   * @param {number} id
   */
  blank(id) {
    const index = this.items.findIndex(item => item.kind === "message" && item.id === id);
    const item = this.items[index];
    if (item?.kind === "message") this.items[index] = { ...item, text: "", deleted: true };
  }

  /** @param {{came: boolean, name: string, at: string, reason?: string}} presence */
  addPresence({ came, name, at, reason }) {
    this.items.push({ kind: "presence", key: this.#key(), came, name, at, reason });
  }

  /** Forget the oldest items beyond the capacity. Only while nobody looks at them. */
  trim() {
    if (this.items.length <= CAPACITY) return;
    const dropped = this.items.splice(0, this.items.length - CAPACITY + CAPACITY / 10);
    for (const item of dropped) if (item.kind === "message" && item.id) this.#ids.delete(item.id);
    this.items.unshift(this.#gap(null));
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
   * What to ask the room for: behind the gap if nothing is before it, else from
   * its front on, as it will be read.
   *
   * @param {GapItem} gap
   * @returns {number} The `before` of the request; Infinity for "the newest".
   */
  requestFor(gap) {
    const { low, high } = this.bounds(gap);
    return low === 0 || gap.backward ? high : Math.min(high, low + 1 + HISTORY_PAGE);
  }

  /**
   * Put an answer of the room into the gap it was asked for. What it does not
   * reach stays missing, as a gap before it or behind it.
   *
   * @param {GapItem} gap
   * @param {Message[]} messages  The newest below `before`, oldest first, without holes.
   * @param {number} before
   * @param {boolean} more        Whether anything older than these exists.
   */
  fill(gap, messages, before, more) {
    if (!this.items.includes(gap)) return; // trimmed away meanwhile
    const { low, high } = this.bounds(gap);
    const found = messages.filter(({ id }) => id > low && id < high && !this.#ids.has(id));
    const reached = messages[0]?.id ?? before;
    const missingBefore = more && reached > low + 1 && messages.length > 0;
    const missingBehind = before < high && Number.isFinite(high);
    const count = gap.count === null ? null : Math.max(gap.count - found.length, 1);

    /** @type {Item[]} */
    const patch = found.map(message => this.#item(message));
    if (missingBefore) patch.unshift({ ...gap, count, loading: false });
    if (missingBehind) {
      const rest = missingBefore ? this.#gap(null) : { ...gap, count, loading: false };
      patch.push({ ...rest, backward: found.length === 0 });
    }
    this.items.splice(this.items.indexOf(gap), 1, ...patch);
    this.newest = Math.max(this.newest, found.at(-1)?.id ?? 0);
  }

  /**
   * Put a message among newer ones. One that comes out of a gap splits it.
   *
   * @param {MessageItem} item
   * @param {number} id
   */
  #insert(item, id) {
    let next = this.items.findIndex(each => each.kind === "message" && each.id !== null && each.id > id);
    while (this.items[next - 1]?.kind === "presence") next -= 1;
    const splits = this.items[next - 1]?.kind === "gap";
    this.items.splice(next, 0, item, ...(splits ? [this.#gap(null)] : []));
  }

  /**
   * @param {Message} message
   * @param {string} [key]
   * @returns {MessageItem}
   */
  #item({ id, at, name, text, notice, deleted }, key = `m${id}`) {
    this.#ids.add(id);
    return { kind: "message", key, id, at, name, text, notice, deleted };
  }

  /** @param {number | null} count @returns {GapItem} */
  #gap(count) {
    return { kind: "gap", key: this.#key(), count, loading: false };
  }

  #key() {
    this.#keys += 1;
    return `k${this.#keys}`;
  }
}
