import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";

/** @typedef {import("./protocol.js").Mute} Mute */

/** Who is muted, and until when. The room tells moderators all of it, others only what is new. */
export class Mutes {
  /** @type {Signal} */
  changed = new Signal();

  /** Until when, as by `Date.now()`; Infinity if for good. @type {Map<string, number>} */
  #ends = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} name
   * @returns {number | undefined} Until when this person is muted, as by `Date.now()`; Infinity if for good.
   */
  until(name) {
    const end = this.#ends.get(name);
    return end !== undefined && end > Date.now() ? end : undefined;
  }

  /** @param {Mute[]} mutes  All there are. */
  reset(mutes) {
    if (mutes.length + this.#ends.size === 0) return;
    this.#ends = new Map(mutes.map(({ name, seconds }) => [name, endOf(seconds)]));
    this.#onChange();
  }

  /**
   * A moderator has done something.
   * @param {import("./protocol.js").Notice} notice
   */
  onNotice({ act, target = "", seconds }) {
    if (act === "mute") this.#ends.set(target, endOf(seconds));
    else if (act !== "unmute" || !this.#ends.delete(target)) return;
    this.#onChange();
  }

  /**
   * A message was refused, as its author is muted.
   * @param {string} name
   * @param {number} [seconds]  None if for good.
   */
  onRefused(name, seconds) {
    this.#ends.set(name, endOf(seconds));
    this.#onChange();
  }

  #onChange() {
    clearTimeout(this.#timer);
    for (const name of [...this.#ends.keys()]) if (this.until(name) === undefined) this.#ends.delete(name);
    const next = Math.min(...this.#ends.values());
    if (Number.isFinite(next)) this.#timer = after((next - Date.now()) / 1000, () => this.#onChange());
    this.changed.emit();
  }
}

/** @param {number} [seconds] */
function endOf(seconds) {
  return seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
}
