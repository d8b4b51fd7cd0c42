import { write } from "./storage.js";

/** @typedef {import("./storage.js").Store} Store */

/** What all keys began with before the rooms of a site had keys of their own, as those at its root still do. */
const ROOT = "oneroom";
/** The path of the room that such keys belong to. */
const OWNER_KEY = `${ROOT}.path`;
/** What is sent once: it is moved, not copied. */
const UNSENT = /^oneroom\.(outbox|act|draft)\./;

/**
 * What a browser stores for one of the rooms of a site: the one at its root has the keys `oneroom.…`, one under `/chat/`
 * has `oneroom/chat/.…`. Its users see only the former.
 * @implements {Store}
 */
export class RoomStore {
  #store;
  #path;
  /** What its keys begin with. */
  #scope;

  /**
   * @param {Store} store  Shared by all rooms of the site.
   * @param {string} path  Of the room, with slashes at both ends.
   */
  constructor(store, path) {
    this.#store = store;
    this.#path = path;
    this.#scope = scopeOf(path);
  }

  get length() {
    return this.#store.length;
  }

  /** @param {number} index @returns {string | null} Null for the key of another room, too. */
  key(index) {
    return this.nameOf(this.#store.key(index) ?? "");
  }

  /** @param {string} stored  A key of the shared store. @returns {string | null} Null for that of another room. */
  nameOf(stored) {
    return stored.startsWith(`${this.#scope}.`) ? ROOT + stored.slice(this.#scope.length) : null;
  }

  /** @param {string} name */
  getItem(name) {
    return this.#store.getItem(this.#keyOf(name));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setItem(name, value) {
    this.#store.setItem(this.#keyOf(name), value);
  }

  /** @param {string} name */
  removeItem(name) {
    this.#store.removeItem(this.#keyOf(name));
  }

  /**
   * Take over what earlier versions of the page have stored, which had the same keys for all rooms: it belongs to the
   * first of them that is opened. A tab with such a version may still be open; it would leave if it missed its identity.
   */
  adopt() {
    const owner = this.#store.getItem(OWNER_KEY);
    if (owner === this.#path || (owner !== null && this.#path !== "/")) return;
    const keys = Array.from({ length: this.#store.length }, (_, index) => this.#store.key(index) ?? "");
    for (const key of keys.filter(each => each.startsWith(`${ROOT}.`))) {
      if (owner === null && this.#path !== "/") write(this, key, this.#store.getItem(key) ?? "");
      if (owner !== null || (this.#path !== "/" && UNSENT.test(key))) this.#store.removeItem(key);
    }
    write(this.#store, OWNER_KEY, this.#path);
  }

  /** @param {string} name */
  #keyOf(name) {
    return this.#scope + name.slice(ROOT.length);
  }
}

/** @param {string} path  Of a room. @returns {string} What names what belongs to it. */
export function scopeOf(path) {
  return path === "/" ? ROOT : ROOT + path;
}
