import { arrayOf, string } from "../lib/shape.js";
import { Signal } from "../lib/signal.js";
import { readJson, writeJson } from "../lib/storage.js";

/** @typedef {import("../lib/storage.js").Store} Store */

const KEY = "oneroom.ignored";
/** Most people of whom it is remembered. */
const MOST = 200;

/** Whose messages the reader does not want to see in this browser. Nobody else learns of it. */
export class Ignored {
  /** @type {Signal} */
  changed = new Signal();

  #store;
  /** @type {Set<string>} */
  #names = new Set();

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#read();
  }

  /** @returns {string[]} The one hidden first comes first. */
  get names() {
    return [...this.#names];
  }

  /** @param {string} name */
  has(name) {
    return this.#names.has(name);
  }

  /** Hide somebody's messages, or show them again. @param {string} name */
  toggle(name) {
    this.#read(); // another tab may have changed them
    if (!this.#names.delete(name)) this.#names.add(name);
    writeJson(this.#store, KEY, [...this.#names].slice(-MOST));
    this.changed.emit();
  }

  /**
   * Another tab has changed the store.
   * @param {string | null} key  Null if it has emptied the store.
   */
  onStorage(key) {
    if (key !== null && key !== KEY) return;
    this.#read();
    this.changed.emit();
  }

  #read() {
    this.#names = new Set(readJson(this.#store, KEY, arrayOf(string)) ?? []);
  }
}
