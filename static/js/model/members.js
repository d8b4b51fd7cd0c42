import { Signal } from "../lib/signal.js";
import { TYPING_SHOWN } from "./protocol.js";

const ALPHABETICAL = new Intl.Collator(undefined, { numeric: true });

/** @typedef {import("./people_search.js").PeopleSearch} PeopleSearch */
/** @typedef {import("./protocol.js").PersonFields} PersonFields */

/** Who is in the room, and who of them is typing. Of a crowd we know how many there are, and some names. */
export class Members {
  /** @type {Signal} */
  changed = new Signal();
  self = "";
  /** Finds the others of a crowd; null until that is loaded. @type {PeopleSearch | null} */
  search = null;

  /** In alphabetical order, in a crowd in that of the room. @type {string[]} */
  #names = [];
  /** How many there are; 0 if we know all. */
  #count = 0;
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();
  /** Who is away or a moderator; in a crowd of those whom the room was asked for. @type {Map<string, PersonFields>} */
  #marked = new Map();

  /** @returns {string[]} Our own name first, then the others in alphabetical order, numbers by value. */
  get names() {
    return [this.self, ...this.#names.filter(name => name !== this.self)];
  }

  /** Whether the room tells us only how many there are, and not who comes and goes. */
  get inCrowd() {
    return this.#count > 0;
  }

  get count() {
    return this.#count || this.names.length;
  }

  /** @returns {string[]} Who is typing, in the order in which they started. */
  get typing() {
    return [...this.#typing.keys()];
  }

  /** @param {string} name @returns {PersonFields} What is known of somebody. */
  marksOf(name) {
    return this.#marked.get(name) ?? { name };
  }

  /** @param {PersonFields[]} people  As they are shown from now on. */
  mark(people) {
    for (const person of people) {
      if (person.away || person.moderator) this.#marked.set(person.name, person);
      else this.#marked.delete(person.name);
    }
    if (people.length > 0) this.changed.emit();
  }

  /**
   * @param {string} self
   * @param {string[]} names  Everybody, or as many as the room lists.
   * @param {number} count  How many there are, if these are not all.
   */
  reset(self, names, count = 0) {
    this.self = self;
    this.#count = count;
    this.search?.clear();
    this.#marked.clear();
    this.#names = [...new Set(names).add(self)];
    if (!count) this.#names.sort(ALPHABETICAL.compare); // in a crowd others follow in the order of the room
    for (const name of this.typing) this.#clearTyping(name);
    this.changed.emit();
  }

  /**
   * @param {import("./protocol.js").Typing | import("./protocol.js").Person | import("./protocol.js").Crowd |
   *   import("./protocol.js").MemberCount} event
   */
  onEvent(event) {
    if (event.type === "person") {
      this.mark([event]);
    } else if (event.type === "typing") {
      if (event.name !== this.self) this.startTyping(event.name);
    } else if (event.type === "crowd") {
      const { on, count, members } = event;
      this.reset(this.self, members, on || count > members.length ? count : 0);
    } else {
      this.#count = event.count;
      this.changed.emit();
    }
  }

  /** @param {string} name */
  add(name) {
    // Sorting an array that is sorted but for its last element is quick.
    if (!this.#names.includes(name)) this.#names = [...this.#names, name].sort(ALPHABETICAL.compare);
    if (this.inCrowd) this.#count += 1;
    this.changed.emit();
  }

  /** @param {string} name */
  remove(name) {
    if (this.inCrowd) this.#count -= 1;
    this.#names = this.#names.filter(each => each !== name);
    this.#marked.delete(name);
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
