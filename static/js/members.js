import { TYPING_SHOWN } from "./protocol.js";
import { Signal } from "./signal.js";

const BY_ALPHABET = new Intl.Collator(undefined, { numeric: true });

/** Who is in the room, and who of them is writing. */
export class Members {
  /** @type {Signal} */
  changed = new Signal();
  self = "";

  /** @type {Set<string>} */
  #names = new Set();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();

  /** @returns {string[]} Oneself first, then by alphabet, numbers by size. */
  get names() {
    const others = [...this.#names].filter(name => name !== this.self);
    return [this.self, ...others.sort(BY_ALPHABET.compare)];
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
    this.#names = new Set(names).add(self);
    for (const name of this.typing) this.#stopTyping(name);
    this.changed.emit();
  }

  /** @param {string} name */
  add(name) {
    this.#names.add(name);
    this.changed.emit();
  }

  /** @param {string} name */
  remove(name) {
    this.#names.delete(name);
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
