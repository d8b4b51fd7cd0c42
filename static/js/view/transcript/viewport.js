/** @typedef {import("../../model/timeline.js").Item} Item */

/** Most items shown at once. */
export const MAX_SHOWN = 1500;

/** By how many items the shown part moves. */
const STEP = 100;

/**
 * The part of the timeline that is in the page: all of it while it is short, else a range around
 * the reader. Its ends are stored as keys, because items are added and dropped.
 */
export class Viewport {
  /** Key of the first item shown; null for the first there is. @type {string | null} */
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
   * @returns {[number, number]} The part to show, as for `slice`. At most `MAX_SHOWN`.
   */
  range(items, focus) {
    let from = Math.max(0, indexOf(items, this.#from));
    let to = this.#to === null ? items.length : indexOf(items, this.#to) + 1 || items.length;
    if (to - from > MAX_SHOWN) {
      const center = focus === null ? to : Math.max(from, indexOf(items, focus));
      if (center - from > to - center) from = to - MAX_SHOWN + STEP;
      else to = from + MAX_SHOWN - STEP;
      this.#setRange(items, from, to);
    }
    return [from, to];
  }

  /**
   * Show more of the items before it.
   * @param {Item[]} items
   * @returns {boolean} Whether there was more.
   */
  earlier(items) {
    const from = indexOf(items, this.#from);
    if (from <= 0) return false;
    this.#from = from > STEP ? (items[from - STEP]?.key ?? null) : null;
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
    this.#setRange(items, items.length - MAX_SHOWN / 2, items.length);
  }

  /**
   * Show an item and its surroundings, if it is not shown already.
   * @param {Item[]} items
   * @param {string} key
   */
  show(items, key) {
    const [from, to] = this.range(items, key);
    const index = indexOf(items, key);
    if (index < from || index >= to) this.#setRange(items, index - MAX_SHOWN / 4, index + MAX_SHOWN / 4);
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
