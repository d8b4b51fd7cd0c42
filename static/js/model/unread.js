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
  /** Whether what is unread stays so, as the reader wishes, until they have turned away. */
  held = false;
  #lastRead = 0;
  /** Those that are loaded, except while reading. @type {Set<number>} */
  #ids = new Set();
  /** Of them, those that call the reader. @type {Set<number>} */
  #calls = new Set();
  /** How many more there are, of which some may be the reader's own. */
  #missed = 0;
  #isOwn;
  #isCall;

  /**
   * @param {(message: Message) => boolean} isOwn   Whether a message is the reader's.
   * @param {(message: Message) => boolean} isCall  Whether it calls the reader.
   */
  constructor(isOwn, isCall) {
    this.#isOwn = isOwn;
    this.#isCall = isCall;
  }

  /** How many there are. */
  get count() {
    return this.#reading ? 0 : this.#ids.size + this.#missed;
  }

  /** How many of those that are loaded call the reader. */
  get calls() {
    return this.#reading ? 0 : this.#calls.size;
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
    this.held = false;
    this.dividerAfter = null;
    this.#read(lastRead);
  }

  /**
   * Messages have come.
   * @param {Message[]} messages
   * @param {number} missed   How many more have come and are not loaded.
   */
  add(messages, missed = 0) {
    const unread = this.#unreadOf(messages);
    if (unread.length === 0) return;
    if (!this.#reading && this.count === 0) this.dividerAfter = this.#lastRead;
    this.#count(unread);
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
    this.#count(this.#unreadOf(newer));
    this.changed.emit();
  }

  /** A message was deleted. @param {number} id */
  remove(id) {
    this.#calls.delete(id);
    if (this.#ids.delete(id)) this.changed.emit();
  }

  /**
   * Everything from a message on is unread, until the reader turns away and comes back.
   * @param {number} id
   * @param {Message[]} messages  Those that are loaded.
   */
  markFrom(id, messages) {
    this.#reading = false;
    this.held = true;
    this.dividerAfter = id - 1;
    this.#lastRead = id - 1;
    this.#ids.clear();
    this.#calls.clear();
    this.#missed = 0;
    this.#count(this.#unreadOf(messages));
    this.changed.emit();
  }

  /** Remove the divider: the reader has written something, so has found the place. */
  clearDivider() {
    this.held = false;
    this.dividerAfter = null;
    this.changed.emit();
  }

  /**
   * @param {boolean} reading  Whether the newest message is in the reader's view now.
   * @param {number} newest    Its id.
   * @param {boolean} present  Whether the reader looks at the page at all.
   */
  setReading(reading, newest, present = reading) {
    if (!present) this.held = false;
    if (this.held) return;
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

  /** @param {Message[]} messages @returns Those of others that were neither deleted nor read elsewhere. */
  #unreadOf(messages) {
    return messages.filter(
      message => message.id > this.#lastRead && !message.deleted && !this.#isOwn(message),
    );
  }

  /** @param {Message[]} messages */
  #count(messages) {
    for (const message of messages) {
      this.#ids.add(message.id);
      if (this.#isCall(message)) this.#calls.add(message.id);
    }
  }

  /**
   * @param {number} lastRead
   * @param {number[]} unread  What is left.
   */
  #read(lastRead, unread = []) {
    this.#lastRead = lastRead;
    this.#ids = new Set(unread);
    this.#calls = this.#calls.size ? new Set(unread.filter(id => this.#calls.has(id))) : this.#calls;
    this.#missed = 0;
    this.changed.emit();
  }
}
