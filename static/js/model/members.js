import { Signal } from "../lib/signal.js";
import { TYPING_SHOWN } from "./protocol.js";

const ALPHABETICAL = new Intl.Collator(undefined, { numeric: true });

/** Who is in the room, and who of them is typing. */
export class Members {
  /** @type {Signal} */
  changed = new Signal();
  self = "";

  /** In alphabetical order. @type {string[]} */
  #names = [];
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();

  /** @returns {string[]} Our own name first, then the others in alphabetical order, numbers by value. */
  get names() {
    return [this.self, ...this.#names.filter(name => name !== this.self)];
  }

  /** @returns {string[]} Who is typing, in the order in which they started. */
  get typing() {
    return [...this.#typing.keys()];
  }

  /**
   * @param {string} self
   * @param {string[]} names  Everybody, or as many as the room lists.
   */
  reset(self, names) {
    this.self = self;
    this.#names = [...new Set(names).add(self)].sort(ALPHABETICAL.compare);
    for (const name of this.typing) this.#clearTyping(name);
    this.changed.emit();
  }

  /** @param {string} name */
  add(name) {
    // Sorting an array that is sorted but for its last element is quick.
    if (!this.#names.includes(name)) this.#names = [...this.#names, name].sort(ALPHABETICAL.compare);
    this.changed.emit();
  }

  /** @param {string} name */
  remove(name) {
    this.#names = this.#names.filter(each => each !== name);
    this.#clearTyping(name);
    this.changed.emit();
  }

  /** @param {string} name */
  startTyping(name) {
    clearTimeout(this.#typing.get(name));
    const timer = setTimeout(() => this.stopTyping(name), TYPING_SHOWN);
    this.#typing.set(name, timer);
    this.changed.emit();
  }

  /** @param {string} name */
  stopTyping(name) {
    if (this.#clearTyping(name)) this.changed.emit();
  }

  /** @param {string} name */
  #clearTyping(name) {
    clearTimeout(this.#typing.get(name));
    return this.#typing.delete(name);
  }
}
