import { maxLength, messageId, object } from "../lib/shape.js";
import { readJson, write, writeJson } from "../lib/storage.js";
import { uniqueKey } from "../lib/unique.js";
import { findKeys, removeKeys } from "./unsent.js";

/** @typedef {import("./protocol.js").Position} Position */
/** @typedef {import("../lib/storage.js").Store} Store */

/**
 * Up to which id of a log all was read. It goes back only when the reader wants something to be unread again: `turns` says
 * how often that was.
 * @typedef {Position & {turns?: number}} ReadPosition
 */

/**
 * @typedef {object} Identity
 * @property {string} id      Made by the page; never sent. "" in those of earlier versions.
 * @property {string} name    In the room.
 * @property {string} secret  Proves it to the server; "" where the server keeps no identities.
 */

/** Keys of the stored identity and of what was read; other tabs watch them. */
export const IDENTITY_KEY = "oneroom.identity";
export const READ_KEY = "oneroom.read";

const NAME_KEY = "oneroom.name";

const IDENTITY = object({ name: maxLength(1024), secret: maxLength(128) }, { id: maxLength(64) });
const READ = object({ epoch: maxLength(1024), id: messageId }, { turns: messageId });

/**
 * The identity under which this tab is in the room; it survives reloads and is shared by the
 * browser's tabs.
 */
export class Session {
  id = "";
  /** "" while there is no session. */
  name = "";
  secret = "";
  /** @type {ReadPosition | null} */
  read = null;

  /** Whether the other tabs know the identity: the store may be full, or lost with the page. */
  isShared = false;

  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.adopt();
  }

  /** The identity in the store, which another tab may have changed. @returns {Identity | null} */
  get stored() {
    const identity = readJson(this.#store, IDENTITY_KEY, IDENTITY);
    return identity && { id: "", ...identity };
  }

  /** Whether the store has no other identity than ours. */
  get isCurrent() {
    const { id, name } = this.stored ?? { id: "", name: "" };
    return id === this.id && name === this.name;
  }

  /** The name used last, which the login form suggests. */
  get suggestedName() {
    return this.name || this.#store.getItem(NAME_KEY) || "";
  }

  /** Take the identity that the store has, or none. */
  adopt() {
    const { id, name, secret } = this.stored ?? { id: "", name: "", secret: "" };
    Object.assign(this, { id, name, secret, isShared: name !== "" });
    this.read = readJson(this.#store, READ_KEY, READ);
  }

  /**
   * The room has let us in.
   * @param {string} name
   * @param {string} secret
   * @param {boolean} known  Whether we are who we were; else this is a new identity, and what
   *   others have left unsent is removed.
   */
  begin(name, secret, known) {
    if (known && name === this.name && secret === this.secret) return;
    const stays = known && this.isCurrent;
    if (!known) {
      this.id = uniqueKey();
      this.read = null;
      this.#store.removeItem(READ_KEY);
      removeKeys(this.#store, ({ owner }) => owner !== this.id);
    }
    Object.assign(this, { name, secret });
    if (!known || stays) writeJson(this.#store, IDENTITY_KEY, { id: this.id, name, secret });
    this.isShared = this.isCurrent;
    write(this.#store, NAME_KEY, name);
  }

  /** Take the position that another tab has stored, if it is further. */
  followRead() {
    const stored = this.isCurrent ? readJson(this.#store, READ_KEY, READ) : null;
    if (!stored) return;
    const { epoch, id = 0, turns = 0 } = this.read ?? {};
    const turned = (stored.turns ?? 0) - turns;
    const isNewer = turned > 0 || (turned === 0 && stored.id > id);
    if (!epoch || (stored.epoch === epoch && isNewer)) this.read = stored;
  }

  /** @param {Position} position */
  markRead(position) {
    this.followRead();
    if (position.epoch === this.read?.epoch && position.id <= this.read.id) return;
    this.#setRead(position, this.read?.turns);
  }

  /** What follows is unread again, in all tabs. @param {Position} position */
  markUnread(position) {
    this.followRead();
    this.#setRead(position, (this.read?.turns ?? 0) + 1);
  }

  /**
   * @param {Position} position
   * @param {number} [turns]
   */
  #setRead(position, turns) {
    this.read = { ...position, ...(turns && { turns }) };
    if (this.isCurrent) writeJson(this.#store, READ_KEY, this.read);
  }

  /** How much this person has written and not sent, in all tabs. */
  countUnsent() {
    const keys = findKeys(this.#store, ({ owner }) => owner === this.id);
    const count = (/** @type {string} */ wanted) => keys.filter(({ kind }) => kind === wanted).length;
    return { messages: count("outbox"), acts: count("act"), drafts: count("draft") };
  }

  /** Remove what this person has written and not sent, in all tabs. */
  removeUnsent() {
    removeKeys(this.#store, ({ owner }) => owner === this.id);
  }

  /** Forget the identity, in all tabs that have the same. */
  end() {
    this.removeUnsent();
    if (this.isCurrent) {
      this.#store.removeItem(IDENTITY_KEY);
      this.#store.removeItem(READ_KEY);
    }
    Object.assign(this, { id: "", name: "", secret: "", read: null });
  }
}
