/**
 * Storage that survives a reload: the browser's, or memory where the browser forbids that.
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Store
 */

/** Storage that is lost with the page. @implements {Store} */
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

/**
 * @param {"localStorage" | "sessionStorage"} kind  Shared by the tabs, or of this tab only.
 * @returns {Store}
 */
export function openStore(kind) {
  try {
    window[kind].getItem("");
    return window[kind];
  } catch {
    return new MemoryStore();
  }
}

/**
 * Read a JSON value; a damaged one counts as absent.
 * @param {Store} store
 * @param {string} key
 * @param {import("./shape.js").Shape} shape
 * @returns {any} The value as the shape reads it, or null.
 */
export function readJson(store, key, shape) {
  try {
    return shape(JSON.parse(store.getItem(key) ?? "null")) ?? null;
  } catch {
    return null;
  }
}

/**
 * Store a JSON value, as `write` does.
 * @param {Store} store
 * @param {string} key
 * @param {unknown} value
 */
export function writeJson(store, key, value) {
  write(store, key, JSON.stringify(value));
}

/**
 * Store a value; do nothing if the store is full, as the page works without it.
 * @param {Store} store
 * @param {string} key
 * @param {string} value
 */
export function write(store, key, value) {
  try {
    store.setItem(key, value);
  } catch {
    // The page still has the value, until a reload.
  }
}
