/** @typedef {import("../../model/timeline.js").Item} Item */

/** Most items shown at once. */
export const SHOWN = 1500;

/** Items by which the shown part moves. */
const STEP = 100;

/**
 * Which part of the timeline is in the page: all of it while that is little, else
 * a stretch around the reader. Its ends are held by key, because items come and go.
 */
export class Viewport {
  /** Key of the first item shown; null for the first there is. @type {string | null} */
  #from = null;
  /** Key of the last item shown; null for whatever is newest. @type {string | null} */
  #to = null;

  /** Whether newly said things are part of it. */
  get atTail() {
    return this.#to === null;
  }

  /**
   * @param {Item[]} items
   * @param {string | null} focus  Key of an item the reader looks at; null for the newest.
   * @returns {[number, number]} The part to show, as for `slice`. Never more than `SHOWN`.
   */
  range(items, focus) {
    let from = Math.max(0, indexOf(items, this.#from));
    let to = this.#to === null ? items.length : indexOf(items, this.#to) + 1 || items.length;
    if (to - from > SHOWN) {
      const eye = focus === null ? to : Math.max(from, indexOf(items, focus));
      if (eye - from > to - eye) from = to - SHOWN + STEP;
      else to = from + SHOWN - STEP;
      this.#hold(items, from, to);
    }
    return [from, to];
  }

  /**
   * Show more of what is before.
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
   * Show more of what is behind.
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
    this.#hold(items, items.length - SHOWN / 2, items.length);
  }

  /**
   * Show an item, if it is not shown, with what is around it.
   * @param {Item[]} items
   * @param {string} key
   */
  show(items, key) {
    const [from, to] = this.range(items, key);
    const index = indexOf(items, key);
    if (index < from || index >= to) this.#hold(items, index - SHOWN / 4, index + SHOWN / 4);
  }

  /**
   * @param {Item[]} items
   * @param {number} from
   * @param {number} to
   */
  #hold(items, from, to) {
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
