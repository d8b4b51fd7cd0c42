/** What is shown: the viewport only needs to tell items apart, and gaps from others. @typedef {{kind: string, key: string}} Item */

/** Most items shown at once, but in a very high window: each update lays out all of them. */
export const MAX_SHOWN = 100;
/** The same at the newest with unread ones above: the divider above them is to stay. */
export const MAX_WITH_UNREAD = 500;
/** Items shown on either side of one that is jumped to. */
const AROUND = 40;
/** By how many items the shown part moves in a frame. */
const STEP = 8;

/**
 * The part of the timeline that is in the page: a range around the reader. What is loaded before it is
 * added in small steps, so that scrolling stays smooth. Its ends are stored as keys, because items are
 * added and dropped.
 */
export class Viewport {
  /** Key of the first item shown, but for a gap at the front; null before anything is. @type {string | null} */
  #from = null;
  /** Key of the last item shown; null for the newest. @type {string | null} */
  #to = null;

  /** Whether new messages are part of it. */
  get atTail() {
    return this.#to === null;
  }

  /**
   * @param {Item[]} items
   * @param {string | null} focus  Key of an item the reader looks at; null for the newest.
   * @param {number} most   At most so many.
   * @returns {[number, number]} The part to show, as for `slice`.
   */
  range(items, focus, most = MAX_SHOWN) {
    let from = Math.max(0, indexOf(items, this.#from));
    let to = this.#to === null ? items.length : indexOf(items, this.#to) + 1 || items.length;
    if (to - from > most) {
      const center = focus === null ? to : Math.max(from, indexOf(items, focus));
      // The focus is at the top of the window: most of the items are below.
      from = Math.max(from, Math.min(center - Math.floor(most / 3), to - most + STEP));
      to = from + most - STEP;
      this.#setRange(items, from, to);
    }
    const front = frontOf(items);
    this.#from = items[Math.max(from, front)]?.key ?? null;
    return [from <= front ? 0 : from, to];
  }

  /** @param {Item[]} items @returns {number} How many items are known before those shown. */
  countBefore(items) {
    return Math.max(0, indexOf(items, this.#from) - frontOf(items));
  }

  /**
   * Show more of the items before it.
   * @param {Item[]} items
   * @returns {boolean} Whether there was more.
   */
  earlier(items) {
    const before = this.countBefore(items);
    if (before === 0) return false;
    this.#from = items[frontOf(items) + Math.max(0, before - STEP)]?.key ?? null;
    return true;
  }

  /**
   * Show more of the items after it.
   * @param {Item[]} items
   * @returns {boolean} Whether there was more.
   */
  later(items) {
    if (this.#to === null) return false;
    const to = indexOf(items, this.#to) + STEP;
    this.#to = to < items.length - 1 ? (items[to]?.key ?? null) : null;
    return true;
  }

  /** Show the newest. @param {Item[]} items */
  toTail(items) {
    this.#setRange(items, items.length - MAX_SHOWN, items.length);
  }

  /**
   * Show an item and its surroundings, if it is not shown already.
   * @param {Item[]} items
   * @param {string} key
   */
  show(items, key) {
    const [from, to] = this.range(items, key);
    const index = indexOf(items, key);
    if (index < from || index >= to) this.#setRange(items, index - AROUND, index + AROUND);
  }

  /**
   * @param {Item[]} items
   * @param {number} from
   * @param {number} to
   */
  #setRange(items, from, to) {
    this.#from = from > 0 ? (items[from]?.key ?? null) : null;
    this.#to = to < items.length ? (items[to - 1]?.key ?? null) : null;
  }
}

/**
 * @param {Item[]} items
 * @param {string | null} key
 * @returns {number} Where it is; -1 if nowhere.
 */
function indexOf(items, key) {
  return key === null ? -1 : items.findIndex(item => item.key === key);
}

/** @param {Item[]} items @returns {number} Where the first item is that is not the gap at the front. */
function frontOf(items) {
  return items[0]?.kind === "gap" ? 1 : 0;
}
