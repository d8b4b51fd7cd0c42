import { boolean, clamped, maxLength, messageId, object, oneOf, string, timestamp } from "../lib/shape.js";
import { readJson, writeJson } from "../lib/storage.js";
import { uniqueKey } from "../lib/unique.js";
import { findKeys, readKey, writeKey } from "./unsent.js";

/** @typedef {import("../lib/storage.js").Store} Store */
/** @typedef {import("./protocol.js").Position} Position */
/** @typedef {import("./protocol.js").Quote} Quote */

/**
 * @typedef {object} Outgoing        What the room has not acknowledged.
 * @property {string} ref            The key by which the server recognizes a repeat.
 * @property {string} at             When it was written, RFC 3339.
 * @property {"pending" | "failed"} state
 * @property {string} [code]         Why it failed, as the server's error code.
 * @property {number} [until]        Until when another attempt must fail, as by `Date.now()`, if known.
 * @property {string} [tab]          The tab that sends it.
 *
 * @typedef {object} MessageFields
 * @property {string} text
 * @property {boolean} [action]      Whether it says what its author does: `/me`.
 * @property {Quote} [reply]  The message that it answers.
 * @property {string} [epoch]        The log that message is in; only with `reply`.
 * @property {boolean} [replayed]    The room has replayed it; only its ack is missing.
 * @typedef {Outgoing & MessageFields} OutgoingMessage
 *
 * @typedef {object} ActFields
 * @property {"edit" | "delete" | "react"} type
 * @property {string} epoch          The log in which it was made; "" if the page did not know it yet.
 * @property {number} [id]           Of the message.
 * @property {string} [of]           The `ref` of the message, if that has no id yet.
 * @property {string} [text]         Of an edit.
 * @property {string} [emoji]        Of a reaction.
 * @property {boolean} [on]          Whether the reaction is added.
 * @typedef {Outgoing & ActFields} OutgoingAct  An act on a message.
 */

/** Why an act or an answer fails that was made in another log: the page's own error code. */
export const NEW_LOG = "new_log";
/** Of an answer: what it answers is not there. */
const GONE = [NEW_LOG, "is_deleted", "not_found"];

const OUTGOING = { ref: maxLength(64), at: timestamp, state: oneOf("pending", "failed") };
const MAYBE = { code: string, until: clamped(0, 8.64e15), tab: maxLength(64), epoch: maxLength(1024) };
const QUOTE = object({ id: messageId }, { name: string, excerpt: string });
const OUTGOING_MESSAGE = object({ ...OUTGOING, text: string }, { ...MAYBE, action: boolean, reply: QUOTE });
const OUTGOING_ACT = object(
  { ...OUTGOING, type: oneOf("edit", "delete", "react"), epoch: maxLength(1024) },
  { ...MAYBE, id: messageId, of: maxLength(64), text: string, emoji: maxLength(64), on: boolean },
);

/**
 * Messages and acts of one identity that are not yet acknowledged, oldest first; they survive reloads.
 *
 * Each is stored under a key of its own, so that tabs do not overwrite each other's. A tab takes up what
 * closed ones have left. Two may do that at once: the server recognizes repeats by their refs.
 */
export class Outbox {
  /** By ref. @type {Map<string, OutgoingMessage | OutgoingAct>} */
  #entries = new Map();
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
   * Hold what is of this identity and nothing else.
   * @param {string} owner
   */
  open(owner) {
    if (owner !== this.#owner) this.clear();
    this.#owner = owner;
    this.takeUp(tab => tab === this.#tabs.key);
  }

  /** Hold nothing. What is in the store stays. */
  clear() {
    this.#entries.clear();
  }

  /**
   * Hold what is in the store only.
   * @param {(tab: string) => boolean} isClosed  Whether nobody else sends what is a tab's.
   * @returns {(OutgoingMessage | OutgoingAct)[]} What is new here.
   */
  takeUp(isClosed) {
    const found = this.#findKeys()
      .filter(({ name }) => !this.#entries.has(name))
      .map(key => this.#read(key))
      .filter(entry => entry !== null)
      .filter(({ tab }) => !tab || isClosed(tab));
    for (const entry of found) this.#keep(entry);
    const sorted = [...this.#entries.values()].sort((one, other) => one.at.localeCompare(other.at));
    this.#entries = new Map(sorted.map(entry => [entry.ref, entry]));
    return found;
  }

  /**
   * Another tab has changed this key: what it has sent or given up is gone here too.
   * @param {string} stored
   * @returns {boolean} Whether something here has changed.
   */
  follow(stored) {
    const key = readKey(stored);
    if (key?.owner !== this.#owner || !this.#entries.has(key.name)) return false;
    const entry = this.#read(key);
    if (entry) this.#entries.set(key.name, entry);
    else this.#entries.delete(key.name);
    return true;
  }

  /** @returns {OutgoingMessage[]} All messages, in the order in which they were written. */
  get messages() {
    return [...this.#entries.values()].filter(isMessage);
  }

  /** @returns {OutgoingMessage[]} Those that have not failed. */
  get pending() {
    return this.messages.filter(({ state }) => state === "pending");
  }

  /** @returns {OutgoingAct[]} All acts, in their order. */
  get acts() {
    return [...this.#entries.values()].filter(isAct);
  }

  /** Whether everything has been acknowledged or has failed. */
  get isSettled() {
    return [...this.#entries.values()].every(({ state }) => state === "failed");
  }

  /** @param {string} ref @returns {OutgoingMessage | undefined} */
  get(ref) {
    const entry = this.#entries.get(ref);
    return entry && isMessage(entry) ? entry : undefined;
  }

  /** @param {string} ref @returns {OutgoingAct | undefined} */
  getAct(ref) {
    const entry = this.#entries.get(ref);
    return entry && isAct(entry) ? entry : undefined;
  }

  /** @param {string} ref @returns Whether this tab or another one has this message. */
  hasStored(ref) {
    return this.#entries.has(ref) || this.#findKeys().some(({ name }) => name === ref);
  }

  /**
   * @param {string} text
   * @param {Omit<MessageFields, "text">} more
   * @returns {OutgoingMessage}
   */
  add(text, more = {}) {
    return this.#keep({ ...newEntry(), text, ...more });
  }

  /**
   * @param {ActFields} act
   * @returns {OutgoingAct}
   */
  addAct(act) {
    return this.#keep({ ...newEntry(), ...act });
  }

  /**
   * A message has its id: the acts on it have it too, also those that other tabs send.
   * @param {string} ref
   * @param {Position} position
   */
  resolve(ref, { epoch, id }) {
    const stored = this.#findKeys().map(key => (this.#entries.has(key.name) ? null : this.#read(key)));
    for (const act of [...this.#entries.values(), ...stored]) {
      if (!act || !isAct(act) || act.of !== ref) continue;
      const resolved = { ...act, epoch: act.epoch || epoch, id, of: undefined };
      if (this.#entries.has(act.ref)) this.#keep(resolved);
      else writeJson(this.#store, this.#key(act), resolved);
    }
  }

  /**
   * Forget a message or an act: it is acknowledged, or its author has given it up.
   * @param {string} ref
   * @returns {OutgoingMessage | OutgoingAct | undefined} It, if it was here.
   */
  remove(ref) {
    const entry = this.#entries.get(ref);
    this.#entries.delete(ref);
    if (entry) this.#store.removeItem(this.#key(entry));
    return entry;
  }

  /** Forget a message and the acts on it, or an act. @param {string} ref */
  discard(ref) {
    for (const act of this.acts) if (act.of === ref) this.remove(act.ref);
    this.remove(ref);
  }

  /**
   * @param {string} ref
   * @param {string} code
   * @param {number} [retryAfter]  Seconds.
   */
  fail(ref, code, retryAfter) {
    const entry = this.#entries.get(ref);
    if (!entry) return;
    const until = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
    const failure = { state: /** @type {const} */ ("failed"), code, until };
    this.#keep(isAct(entry) ? { ...entry, ...failure } : { ...entry, ...failure, replayed: false });
  }

  /**
   * What is about a message of another log cannot be sent to this one.
   * @param {string} epoch
   * @param {number} last  The greatest id of this log; it may have lost its end.
   * @returns {OutgoingAct[]} The acts that failed.
   */
  enterLog(epoch, last) {
    const foreign = [...this.#entries.values()].filter(entry => {
      const id = (isAct(entry) ? entry.id : entry.reply?.id) ?? 0;
      return entry.state === "pending" && ((entry.epoch && entry.epoch !== epoch) || id > last);
    });
    for (const { ref } of foreign) this.fail(ref, NEW_LOG);
    return foreign.filter(isAct);
  }

  /**
   * A moderator has changed until when we are muted: what failed for that tells so.
   * @param {number} until  As by `Date.now()`; Infinity if for good.
   */
  setMuted(until) {
    const known = Number.isFinite(until) ? until : undefined;
    for (const entry of this.#entries.values())
      if (entry.code === "muted") this.#keep({ ...entry, until: known });
  }

  /**
   * @param {string} ref  Of a message, or of an act in the present log.
   * @returns {OutgoingMessage | OutgoingAct | undefined} It, pending again.
   */
  retry(ref) {
    const entry = this.#entries.get(ref);
    const again = { state: /** @type {const} */ ("pending"), code: undefined, until: undefined };
    if (!entry || isAct(entry)) return entry && this.#keep({ ...entry, ...again });
    // The message that it answers is gone; what it says is not.
    const alone = GONE.includes(entry.code ?? "") ? { reply: undefined, epoch: undefined } : {};
    return this.#keep({ ...entry, ...again, ...alone });
  }

  /** A message has changed: answers to it quote it as it is now. @param {Quote} quote */
  requote(quote) {
    for (const message of this.messages)
      if (message.reply?.id === quote.id) this.#keep({ ...message, reply: quote });
  }

  /**
   * Mark a message that the room has replayed, so that it is not shown twice until its ack comes.
   * The replay has no ref: it is most likely the oldest one with this text.
   * @param {string} text
   */
  markReplayed(text) {
    const message = this.pending.find(each => !each.replayed && each.text === text);
    if (message) this.#entries.set(message.ref, { ...message, replayed: true });
  }

  /**
   * @template {OutgoingMessage | OutgoingAct} T
   * @param {T} given
   */
  #keep(given) {
    const entry = { ...given, tab: this.#tabs.key };
    this.#entries.set(entry.ref, entry);
    writeJson(this.#store, this.#key(entry), entry);
    return entry;
  }

  /** @returns The keys under which what is of this identity is stored. */
  #findKeys() {
    return findKeys(this.#store, ({ kind, owner }) => kind !== "draft" && owner === this.#owner);
  }

  /**
   * @param {import("./unsent.js").UnsentKey} key
   * @returns {OutgoingMessage | OutgoingAct | null} What is stored under it; null if damaged.
   */
  #read(key) {
    const entry = readJson(this.#store, writeKey(key), key.kind === "act" ? OUTGOING_ACT : OUTGOING_MESSAGE);
    return key.name && entry?.ref === key.name ? entry : null;
  }

  /** @param {OutgoingMessage | OutgoingAct} entry */
  #key(entry) {
    return writeKey({ kind: isAct(entry) ? "act" : "outbox", owner: this.#owner, name: entry.ref });
  }
}

/** @param {OutgoingMessage | OutgoingAct} entry @returns {entry is OutgoingAct} */
function isAct(entry) {
  return "type" in entry;
}

/** @param {OutgoingMessage | OutgoingAct} entry @returns {entry is OutgoingMessage} */
function isMessage(entry) {
  return !isAct(entry);
}

/** @returns {Outgoing} */
function newEntry() {
  // Ascending refs cost the room's index half as much.
  return { ref: uniqueKey(), at: new Date().toISOString(), state: "pending" };
}
