/**
 * What outlives the page: `localStorage`, or where the browser forbids that, memory.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Store
 */

/** @implements {Store} */
export class MemoryStore {
  /** @type {Map<string, string>} */
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }
}

/** @returns {Store} */
export function openStore() {
  try {
    localStorage.getItem("");
    return localStorage;
  } catch {
    return new MemoryStore();
  }
}

/**
 * Read a JSON value; whatever is damaged counts as absent.
 *
 * @param {Store} store
 * @param {string} key
 * @param {import("./shape.js").Shape} shape
 * @returns {any} What the shape leaves of it, or null.
 */
export function readJson(store, key, shape) {
  try {
    return shape(JSON.parse(store.getItem(key) ?? "null")) ?? null;
  } catch {
    return null;
  }
}

/**
 * Keep a JSON value, if there is room for it, as `write` does.
 *
 * @param {Store} store
 * @param {string} key
 * @param {unknown} value
 */
export function writeJson(store, key, value) {
  write(store, key, JSON.stringify(value));
}

/**
 * Keep a value. A full store, which then keeps nothing, is no reason to stop talking.
 *
 * @param {Store} store
 * @param {string} key
 * @param {string} value
 */
export function write(store, key, value) {
  try {
    store.setItem(key, value);
  } catch {
    // It lasts as long as the page.
  }
}
