import { clamped, moment, oneOf, record, string, upTo } from "../lib/shape.js";
import { readJson, writeJson } from "../lib/storage.js";

/** @typedef {import("../lib/storage.js").Store} Store */

/**
 * @typedef {object} Parcel          Something said that the room has not confirmed.
 * @property {string} ref            The key by which the server knows a repeat.
 * @property {string} text
 * @property {string} at             When it was said, RFC 3339.
 * @property {"pending" | "failed"} state
 * @property {string} [code]         Why it failed, as the server's error code.
 * @property {number} [until]        `Date.now()` before which another try must fail, where that is known.
 * @property {boolean} [echoed]      Already replayed by the room; only its ack is missing.
 */

const PREFIX = "oneroom.outbox.";

const PARCEL = record(
  { ref: upTo(64), text: string, at: moment, state: oneOf("pending", "failed") },
  { code: string, until: clamped(0, 8.64e15) },
);

/**
 * What was said here and is not yet acknowledged, oldest first, across reloads.
 *
 * Each parcel lies under a key of its own, so that tabs do not overwrite each
 * other's. A tab that starts takes up what others left; as refs make a repeat
 * harmless, nothing need be agreed between them.
 */
export class Outbox {
  /** @type {Map<string, Parcel>} */
  #parcels = new Map();
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    const kept = [];
    for (let index = 0; index < store.length; index++) {
      const key = store.key(index) ?? "";
      const parcel = key.startsWith(PREFIX) ? readJson(store, key, PARCEL) : null;
      if (parcel?.ref) kept.push(parcel);
    }
    kept.sort((one, other) => one.at.localeCompare(other.at));
    for (const parcel of kept) this.#parcels.set(parcel.ref, parcel);
  }

  /** @returns {Parcel[]} Everything not acknowledged, in the order it was said. */
  get parcels() {
    return [...this.#parcels.values()];
  }

  /** @returns {Parcel[]} What is still to be confirmed. */
  get pending() {
    return this.parcels.filter(parcel => parcel.state === "pending");
  }

  /** @param {string} ref */
  get(ref) {
    return this.#parcels.get(ref);
  }

  /**
   * @param {string} text
   * @returns {Parcel}
   */
  add(text) {
    // Not crypto.randomUUID: that exists only on pages served over TLS or from localhost.
    const random = crypto.getRandomValues(new Uint32Array(3));
    // Begins with the time: keys that sort as they come cost the room's index half as much.
    const ref = [Date.now(), ...random].map(part => part.toString(36)).join("-");
    return this.#keep({ ref, text, at: new Date().toISOString(), state: "pending" });
  }

  /**
   * The parcel needs no more care: confirmed, or given up by its author.
   *
   * @param {string} ref
   * @returns {Parcel | undefined} It, if it was here.
   */
  remove(ref) {
    const parcel = this.#parcels.get(ref);
    this.#parcels.delete(ref);
    this.#store.removeItem(PREFIX + ref);
    return parcel;
  }

  /**
   * @param {string} ref
   * @param {string} code
   * @param {number} [retryAfter]  Seconds.
   */
  fail(ref, code, retryAfter) {
    const parcel = this.#parcels.get(ref);
    const until = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
    if (parcel) this.#keep({ ...parcel, state: "failed", code, until, echoed: false });
  }

  /**
   * @param {string} ref
   * @returns {Parcel | undefined} It, pending again.
   */
  retry(ref) {
    const parcel = this.#parcels.get(ref);
    return parcel && this.#keep({ ref, text: parcel.text, at: parcel.at, state: "pending" });
  }

  /**
   * The room replayed something we said: most likely the oldest parcel with this
   * text. It is not shown beside its replay while its ack is on the way.
   *
   * @param {string} text
   */
  echo(text) {
    const parcel = this.pending.find(each => !each.echoed && each.text === text);
    if (parcel) this.#parcels.set(parcel.ref, { ...parcel, echoed: true });
  }

  /** @param {Parcel} parcel */
  #keep(parcel) {
    this.#parcels.set(parcel.ref, parcel);
    writeJson(this.#store, PREFIX + parcel.ref, parcel);
    return parcel;
  }
}
