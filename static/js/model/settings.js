import { Signal } from "../lib/signal.js";
import { write } from "../lib/storage.js";

/** @typedef {import("../lib/storage.js").Store} Store */

/** What can be chosen; the first value of each is the default. `auto` is what the device or the system does. */
const CHOICES = {
  theme: ["auto", "light", "dark"],
  density: ["comfortable", "compact"],
  enter: ["auto", "send", "line"],
  joins: ["shown", "hidden"],
  view: ["page", "terminal"],
  notify: ["off", "called", "all"],
};

/** @typedef {keyof typeof CHOICES} Setting */

/** What the reader has chosen for this browser: it is kept in the store, for all tabs. */
export class Settings {
  /** @type {Signal} */
  changed = new Signal();

  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** @param {Setting} name @returns {string} */
  get(name) {
    const [usual = "", ...others] = CHOICES[name];
    return others.find(value => value === this.#store.getItem(keyOf(name))) ?? usual;
  }

  /**
   * @param {Setting} name
   * @param {string} value
   */
  set(name, value) {
    write(this.#store, keyOf(name), value);
    this.changed.emit();
  }

  /** Choose the value that follows the present one. @param {Setting} name */
  next(name) {
    const values = CHOICES[name];
    this.set(name, values[(values.indexOf(this.get(name)) + 1) % values.length] ?? "");
  }

  /**
   * Another tab has changed the store.
   * @param {string | null} key  Null if it has emptied the store.
   */
  onStorage(key) {
    if (key === null || Object.keys(CHOICES).some(name => key === `oneroom.${name}`)) this.changed.emit();
  }
}

/** @param {Setting} name */
function keyOf(name) {
  return `oneroom.${name}`;
}
