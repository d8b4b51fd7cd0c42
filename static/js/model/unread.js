import { Signal } from "../lib/signal.js";

/** @typedef {import("./protocol.js").Message} Message */

/** Messages of others that came while the reader was elsewhere, or scrolled up. */
export class Unread {
  /** @type {Signal} */
  changed = new Signal();
  /**
   * The last id that was read before them: the divider is drawn below it. It stays when the count
   * goes back to 0, so that the reader sees where the new messages begin.
   * @type {number | null}
   */
  dividerAfter = null;

  /** Whether the newest message is in the reader's view. */
  #reading = false;
  #lastRead = 0;
  /** Those that are loaded, except while reading. @type {Set<number>} */
  #ids = new Set();
  /** How many more there are, of which some may be the reader's own. */
  #missed = 0;
  #isOwn;

  /** @param {(message: Message) => boolean} isOwn  Whether a message is the reader's. */
  constructor(isOwn) {
    this.#isOwn = isOwn;
  }

  /** How many there are. */
  get count() {
    return this.#reading ? 0 : this.#ids.size + this.#missed;
  }

  /** @returns {number} Id of the newest message that was read, here or in another tab. */
  get lastRead() {
    return this.#lastRead;
  }

  /**
   * Start with what was read before; nobody is reading yet.
   * @param {number} lastRead
   */
  reset(lastRead) {
    this.#reading = false;
    this.dividerAfter = null;
    this.#read(lastRead);
  }

  /**
   * Messages have come.
   * @param {Message[]} messages
   * @param {number} missed   How many more have come and are not loaded.
   */
  add(messages, missed = 0) {
    const ids = this.#unreadOf(messages);
    if (ids.length === 0) return;
    if (!this.#reading && this.count === 0) this.dividerAfter = this.#lastRead;
    for (const id of ids) this.#ids.add(id);
    this.#missed += missed;
    if (!this.#reading) this.changed.emit();
  }

  /**
   * Messages that were missed have been loaded.
   * @param {Message[]} messages
   */
  load(messages) {
    const newer = messages.filter(({ id }) => id > this.#lastRead);
    this.#missed = Math.max(0, this.#missed - newer.length);
    for (const id of this.#unreadOf(newer)) this.#ids.add(id);
    this.changed.emit();
  }

  /** A message was deleted. @param {number} id */
  remove(id) {
    if (this.#ids.delete(id)) this.changed.emit();
  }

  /** Remove the divider: the reader has written something, so has found the place. */
  clearDivider() {
    this.dividerAfter = null;
    this.changed.emit();
  }

  /**
   * @param {boolean} reading  Whether the newest message is in the reader's view now.
   * @param {number} newest    Its id.
   */
  setReading(reading, newest) {
    const stopped = this.#reading && !reading;
    this.#reading = reading;
    if (reading) {
      if (newest > this.#lastRead || this.#ids.size + this.#missed > 0) this.#read(newest);
    } else if (stopped && this.count > 0) {
      this.dividerAfter = this.#lastRead;
      this.changed.emit();
    }
  }

  /**
   * Another tab has shown the reader everything up to an id.
   * @param {number} id
   */
  readElsewhere(id) {
    if (id <= this.#lastRead) return;
    const newer = [...this.#ids].filter(each => each > id);
    this.dividerAfter = newer.length > 0 ? id : null;
    this.#read(id, newer);
  }

  /** @param {Message[]} messages @returns Ids of those of others that were neither deleted nor read elsewhere. */
  #unreadOf(messages) {
    return messages
      .filter(message => message.id > this.#lastRead && !message.deleted && !this.#isOwn(message))
      .map(({ id }) => id);
  }

  /**
   * @param {number} lastRead
   * @param {number[]} unread  What is left.
   */
  #read(lastRead, unread = []) {
    this.#lastRead = lastRead;
    this.#ids = new Set(unread);
    this.#missed = 0;
    this.changed.emit();
  }
}
