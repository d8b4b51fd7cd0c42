import { Signal } from "../lib/signal.js";
import { TYPING_SHOWN } from "./protocol.js";

const BY_ALPHABET = new Intl.Collator(undefined, { numeric: true });

/** Who is in the room, and who of them is writing. */
export class Members {
  /** @type {Signal} */
  changed = new Signal();
  self = "";

  /** By alphabet. @type {string[]} */
  #names = [];
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();

  /** @returns {string[]} Oneself first, then by alphabet, numbers by size. */
  get names() {
    return [this.self, ...this.#names.filter(name => name !== this.self)];
  }

  /** @returns {string[]} Those writing, the first to begin first. */
  get typing() {
    return [...this.#typing.keys()];
  }

  /**
   * @param {string} self
   * @param {string[]} names  Everybody, or as many as the room knows of.
   */
  reset(self, names) {
    this.self = self;
    this.#names = [...new Set(names).add(self)].sort(BY_ALPHABET.compare);
    for (const name of this.typing) this.#stopTyping(name);
    this.changed.emit();
  }

  /** @param {string} name */
  add(name) {
    // Sorting what is in order already but for its end is quick.
    if (!this.#names.includes(name)) this.#names = [...this.#names, name].sort(BY_ALPHABET.compare);
    this.changed.emit();
  }

  /** @param {string} name */
  remove(name) {
    this.#names = this.#names.filter(each => each !== name);
    this.#stopTyping(name);
    this.changed.emit();
  }

  /** @param {string} name */
  startTyping(name) {
    clearTimeout(this.#typing.get(name));
    const timer = setTimeout(() => this.spoke(name), TYPING_SHOWN);
    this.#typing.set(name, timer);
    this.changed.emit();
  }

  /**
   * They are not writing any more, most likely because what they wrote is here.
   * @param {string} name
   */
  spoke(name) {
    if (this.#stopTyping(name)) this.changed.emit();
  }

  /** @param {string} name */
  #stopTyping(name) {
    clearTimeout(this.#typing.get(name));
    return this.#typing.delete(name);
  }
}
