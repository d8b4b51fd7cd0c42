import { clamped, maxLength, object, oneOf, string, timestamp } from "../lib/shape.js";
import { readJson, writeJson } from "../lib/storage.js";
import { uniqueKey } from "../lib/unique.js";
import { findKeys, readKey, writeKey } from "./unsent.js";

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
 * @property {string} [tab]          The tab that sends it.
 */

const OUTGOING_MESSAGE = object(
  { ref: maxLength(64), text: string, at: timestamp, state: oneOf("pending", "failed") },
  { code: string, until: clamped(0, 8.64e15), tab: maxLength(64) },
);

/**
 * Messages written under one identity and not yet acknowledged, oldest first; they survive reloads.
 *
 * Each is stored under a key of its own, so that tabs do not overwrite each other's. A tab takes up what
 * closed ones have left. Two may do that at once: the server recognizes repeats by their refs.
 */
export class Outbox {
  /** @type {Map<string, OutgoingMessage>} */
  #messages = new Map();
  #store;
  #tabs;
  /** The `id` of the identity. */
  #owner = "";

  /**
   * @param {Store} store
   * @param {{key: string}} tabs  With the key of this tab.
   */
  constructor(store, tabs = { key: "" }) {
    this.#store = store;
    this.#tabs = tabs;
    this.open("");
  }

  /**
   * Hold the messages of this identity and no others.
   * @param {string} owner
   */
  open(owner) {
    if (owner !== this.#owner) this.clear();
    this.#owner = owner;
    this.takeUp(tab => tab === this.#tabs.key);
  }

  /** Hold no messages. Those in the store stay. */
  clear() {
    this.#messages.clear();
  }

  /**
   * Hold messages that are in the store only.
   * @param {(tab: string) => boolean} isClosed  Whether nobody else sends the messages of a tab.
   * @returns {OutgoingMessage[]} Those that are new here.
   */
  takeUp(isClosed) {
    const found = findKeys(this.#store, ({ kind, owner }) => kind === "outbox" && owner === this.#owner)
      .filter(({ name }) => !this.#messages.has(name))
      .map(({ name }) => this.#read(name))
      .filter(message => message !== null)
      .filter(({ tab }) => !tab || isClosed(tab))
      .map(message => this.#keep(message));
    const sorted = this.messages.sort((one, other) => one.at.localeCompare(other.at));
    this.#messages = new Map(sorted.map(message => [message.ref, message]));
    return found;
  }

  /**
   * Another tab has changed this key: what it has sent or given up is gone here too.
   * @param {string} key
   * @returns {boolean} Whether a message here has changed.
   */
  follow(key) {
    const { kind, owner, name = "" } = readKey(key) ?? {};
    if (kind !== "outbox" || owner !== this.#owner || !this.#messages.has(name)) return false;
    const message = this.#read(name);
    if (message) this.#messages.set(name, message);
    else this.#messages.delete(name);
    return true;
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
    // Ascending refs cost the room's index half as much.
    return this.#keep({ ref: uniqueKey(), text, at: new Date().toISOString(), state: "pending" });
  }

  /**
   * Forget a message: it is acknowledged, or its author has given it up.
   * @param {string} ref
   * @returns {OutgoingMessage | undefined} The message, if it was here.
   */
  remove(ref) {
    const message = this.#messages.get(ref);
    this.#messages.delete(ref);
    this.#store.removeItem(this.#key(ref));
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
   * A moderator has changed until when we are muted: what failed for that tells so.
   * @param {number} until  As by `Date.now()`; Infinity if for good.
   */
  setMuted(until) {
    const known = Number.isFinite(until) ? until : undefined;
    for (const message of this.messages)
      if (message.code === "muted") this.#keep({ ...message, until: known });
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

  /** @param {OutgoingMessage} given */
  #keep(given) {
    const message = { ...given, tab: this.#tabs.key };
    this.#messages.set(message.ref, message);
    writeJson(this.#store, this.#key(message.ref), message);
    return message;
  }

  /** @param {string} ref @returns {OutgoingMessage | null} The message as it is stored; null if damaged. */
  #read(ref) {
    const message = readJson(this.#store, this.#key(ref), OUTGOING_MESSAGE);
    return ref && message?.ref === ref ? message : null;
  }

  /** @param {string} ref */
  #key(ref) {
    return writeKey({ kind: "outbox", owner: this.#owner, name: ref });
  }
}
