/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./room.js").Room} Room */

/** Milliseconds without typing after which the room is asked. */
const DEBOUNCE = 200;
/** Milliseconds for which an answer is not asked for again. */
const FRESH = 10_000;
/** Most answers kept. */
const MAX_KEPT = 50;
/** So many names are enough of one list: to find others, more is typed. */
const MAX_NAMES = 500;

/**
 * @typedef {object} Found
 * @property {string[]} names   In the order of the room.
 * @property {boolean} more     Whether there are others.
 */

/**
 * Who there is in a crowd: the room is asked for names that begin like what is typed, in pages.
 *
 * There is one question at a time, so that fast typing costs the room little. When an answer is there, the
 * members have changed.
 */
export class PeopleSearch {
  #room;
  /** By the beginning of the names. @type {Map<string, Found & {at: number}>} */
  #found = new Map();
  /** What is to be asked next. @type {string | null} */
  #wanted = null;
  #asking = false;
  /** When the room has told the names that the members have. */
  #toldAt = performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #delay;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
  }

  /** What was found may be no longer so. */
  clear() {
    this.#found.clear();
    this.#wanted = null;
    this.#toldAt = performance.now();
  }

  /**
   * @param {string} prefix
   * @returns {Found | null} Null if the room has not answered yet.
   */
  get(prefix) {
    const found = this.#found.get(key(prefix));
    return found ?? (key(prefix) ? null : { names: this.#room.members.names, more: true });
  }

  /**
   * Look for those whose names begin so, if that was not done just now.
   * @param {string} prefix
   * @returns {string[]} What is known by now.
   */
  find(prefix) {
    const known = key(prefix) ? Number.NEGATIVE_INFINITY : this.#toldAt;
    const { names = [], at = known } = this.#found.get(key(prefix)) ?? {};
    clearTimeout(this.#delay);
    this.#wanted = null;
    if (performance.now() - at > FRESH) {
      this.#wanted = key(prefix);
      this.#delay = setTimeout(() => this.#ask(), DEBOUNCE);
    }
    return names;
  }

  /** @param {string} prefix  Of which more names are wanted. */
  loadMore(prefix) {
    const found = this.get(prefix);
    if (!found?.more || found.names.length >= MAX_NAMES || this.#asking) return;
    const { members } = this.#room;
    const after = found.names.filter(name => name !== members.self).at(-1) ?? "";
    this.#send(key(prefix), after, found.names);
  }

  #ask() {
    if (this.#asking || this.#wanted === null) return;
    const prefix = this.#wanted;
    this.#wanted = null;
    this.#send(prefix, "", prefix ? [] : [this.#room.members.self]);
  }

  /**
   * @param {string} prefix
   * @param {string} after
   * @param {string[]} known  The names before those.
   */
  #send(prefix, after, known) {
    this.#asking = true;
    const request = {
      type: /** @type {"people"} */ ("people"),
      ...(prefix && { prefix }),
      ...(after && { after }),
    };
    this.#room.ask(request, answer => {
      this.#asking = false;
      this.#onAnswer(prefix, known, answer);
      this.#ask();
    });
  }

  /**
   * @param {string} prefix
   * @param {string[]} known
   * @param {RoomEvent} answer
   */
  #onAnswer(prefix, known, answer) {
    if (answer.type !== "people") return;
    const { members: names = [], people = [], more = false } = answer;
    if (this.#found.size > MAX_KEPT) this.#found.clear();
    this.#found.set(prefix, { names: [...new Set([...known, ...names])], more, at: performance.now() });
    this.#room.members.mark(people);
    this.#room.members.changed.emit();
  }
}

/** @param {string} prefix  As typed. */
function key(prefix) {
  return prefix.trim().toLowerCase().slice(0, 256);
}
