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
    const probe = "oneroom.probe";
    localStorage.setItem(probe, "");
    localStorage.removeItem(probe);
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
 * @returns {any} The value, or null.
 */
export function readJson(store, key) {
  try {
    return JSON.parse(store.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Keep a JSON value. A full store is no reason to stop talking: it is then not kept.
 *
 * @param {Store} store
 * @param {string} key
 * @param {unknown} value
 */
export function writeJson(store, key, value) {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch (error) {
    console.warn("not kept:", key, error);
  }
}
