import { Signal } from "../lib/signal.js";

/** Messages of others that came while the reader was in another tab, or scrolled up. */
export class Unread {
  /** @type {Signal} */
  changed = new Signal();
  /** How many there are. */
  count = 0;
  /**
   * The last id that was read before them: the divider is drawn below it. It stays when the count
   * goes back to 0, so that the reader sees where the new messages begin.
   * @type {number | null}
   */
  dividerAfter = null;
  /** Whether the newest message is in the reader's view. */
  reading = false;

  #lastRead = 0;

  /**
   * Start with what was read before; nobody is reading yet.
   * @param {number} lastRead
   */
  reset(lastRead) {
    this.#lastRead = lastRead;
    this.count = 0;
    this.dividerAfter = null;
    this.reading = false;
    this.changed.emit();
  }

  /** @returns {number} Id of the newest message that was read. */
  get lastRead() {
    return this.#lastRead;
  }

  /**
   * Messages of others have come.
   * @param {number} count
   */
  add(count) {
    if (this.reading) return;
    if (this.count === 0) this.dividerAfter = this.#lastRead;
    this.count += count;
    this.changed.emit();
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
    this.reading = reading;
    if (!reading || (this.count === 0 && newest <= this.#lastRead)) return;
    this.#lastRead = Math.max(this.#lastRead, newest);
    this.count = 0;
    this.changed.emit();
  }
}
