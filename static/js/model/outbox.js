import { clamped, maxLength, object, oneOf, string, timestamp } from "../lib/shape.js";
import { readJson, writeJson } from "../lib/storage.js";

/** @typedef {import("../lib/storage.js").Store} Store */

/**
 * @typedef {object} OutgoingMessage A message that the room has not acknowledged.
 * @property {string} ref            The key by which the server recognizes a repeat.
 * @property {string} text
 * @property {string} at             When it was written, RFC 3339.
 * @property {"pending" | "failed"} state
 * @property {string} [code]         Why it failed, as the server's error code.
 * @property {number} [until]        Until when another attempt must fail, as by `Date.now()`, if known.
 * @property {boolean} [replayed]    The room has replayed it; only its ack is missing.
 */

const PREFIX = "oneroom.outbox.";

const OUTGOING_MESSAGE = object(
  { ref: maxLength(64), text: string, at: timestamp, state: oneOf("pending", "failed") },
  { code: string, until: clamped(0, 8.64e15) },
);

/**
 * Messages written here and not yet acknowledged, oldest first; they survive reloads.
 *
 * Each is stored under a key of its own, so that tabs do not overwrite each other's. A new tab
 * sends what others have left as well: the server recognizes repeats by their refs, so the tabs
 * need not agree on who sends.
 */
export class Outbox {
  /** @type {Map<string, OutgoingMessage>} */
  #messages = new Map();
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    const kept = [];
    for (let index = 0; index < store.length; index++) {
      const key = store.key(index) ?? "";
      const message = key.startsWith(PREFIX) ? readJson(store, key, OUTGOING_MESSAGE) : null;
      if (message?.ref) kept.push(message);
    }
    kept.sort((one, other) => one.at.localeCompare(other.at));
    for (const message of kept) this.#messages.set(message.ref, message);
  }

  /** @returns {OutgoingMessage[]} All, in the order in which they were written. */
  get messages() {
    return [...this.#messages.values()];
  }

  /** @returns {OutgoingMessage[]} Those that have not failed. */
  get pending() {
    return this.messages.filter(({ state }) => state === "pending");
  }

  /** @param {string} ref */
  get(ref) {
    return this.#messages.get(ref);
  }

  /**
   * @param {string} text
   * @returns {OutgoingMessage}
   */
  add(text) {
    // crypto.randomUUID exists only on pages served over TLS or from localhost.
    const random = crypto.getRandomValues(new Uint32Array(3));
    // Starts with the time: ascending keys cost the room's index half as much.
    const ref = [Date.now(), ...random].map(part => part.toString(36)).join("-");
    return this.#keep({ ref, text, at: new Date().toISOString(), state: "pending" });
  }

  /**
   * Forget a message: it is acknowledged, or its author has given it up.
   * @param {string} ref
   * @returns {OutgoingMessage | undefined} The message, if it was here.
   */
  remove(ref) {
    const message = this.#messages.get(ref);
    this.#messages.delete(ref);
    this.#store.removeItem(PREFIX + ref);
    return message;
  }

  /**
   * @param {string} ref
   * @param {string} code
   * @param {number} [retryAfter]  Seconds.
   */
  fail(ref, code, retryAfter) {
    const message = this.#messages.get(ref);
    const until = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
    if (message) this.#keep({ ...message, state: "failed", code, until, replayed: false });
  }

  /**
   * @param {string} ref
   * @returns {OutgoingMessage | undefined} The message, pending again.
   */
  retry(ref) {
    const message = this.#messages.get(ref);
    return message && this.#keep({ ref, text: message.text, at: message.at, state: "pending" });
  }

  /**
   * Mark a message that the room has replayed, so that it is not shown twice until its ack comes.
   * The replay has no ref: it is most likely the oldest one with this text.
   * @param {string} text
   */
  markReplayed(text) {
    const message = this.pending.find(each => !each.replayed && each.text === text);
    if (message) this.#messages.set(message.ref, { ...message, replayed: true });
  }

  /** @param {OutgoingMessage} message */
  #keep(message) {
    this.#messages.set(message.ref, message);
    writeJson(this.#store, PREFIX + message.ref, message);
    return message;
  }
}
