import { Signal } from "../lib/signal.js";

/**
 * What others said while the reader was elsewhere: in another tab, or further up.
 */
export class Unread {
  /** @type {Signal} */
  changed = new Signal();
  /** Messages of others that came while not reading. */
  count = 0;
  /**
   * The last id seen before the unread ones, under which a line is drawn. The line
   * outlives the count: whoever comes back still sees where they had been.
   * @type {number | null}
   */
  dividerAfter = null;
  /** Whether the newest message is before the reader's eyes. */
  reading = false;

  #lastRead = 0;

  /**
   * Begin with what is known from before; nobody is reading yet.
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
   * Messages of others came.
   * @param {number} count
   */
  arrived(count) {
    if (this.reading) return;
    if (this.count === 0) this.dividerAfter = this.#lastRead;
    this.count += count;
    this.changed.emit();
  }

  /** The reader answered: no line is needed to find the place. */
  spoke() {
    this.dividerAfter = null;
    this.changed.emit();
  }

  /**
   * @param {boolean} reading  Whether the newest message is before the reader's eyes now.
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
