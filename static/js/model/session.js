import { maxLength, messageId, object } from "../lib/shape.js";
import { readJson, write, writeJson } from "../lib/storage.js";

/** @typedef {import("./protocol.js").Position} Position */
/** @typedef {import("../lib/storage.js").Store} Store */

/** Key of the stored identity; other tabs watch it. */
export const IDENTITY_KEY = "oneroom.identity";

const READ_KEY = "oneroom.read";
const NAME_KEY = "oneroom.name";

const IDENTITY = object({ name: maxLength(1024), secret: maxLength(128) });
const READ = object({ epoch: maxLength(1024), id: messageId });

/**
 * Our identity in the room; it survives reloads and is shared by the browser's tabs.
 *
 * `secret` proves it to the server ("" where the server keeps no identities); `read` is the newest
 * message that was read.
 */
export class Session {
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    const { name = "", secret = "" } = readJson(store, IDENTITY_KEY, IDENTITY) ?? {};
    /** Name in the room, or "" while there is no session. */
    this.name = name;
    this.secret = secret;
    /** @type {Position | null} */
    this.read = readJson(store, READ_KEY, READ);
  }

  /** The name used last, which the login form suggests. */
  get suggestedName() {
    return this.name || this.#store.getItem(NAME_KEY) || "";
  }

  /**
   * @param {string} name
   * @param {string} secret
   */
  begin(name, secret) {
    if (name === this.name && secret === this.secret) return;
    this.name = name;
    this.secret = secret;
    writeJson(this.#store, IDENTITY_KEY, { name, secret });
    write(this.#store, NAME_KEY, name);
  }

  /** @param {Position} position */
  markRead(position) {
    if (position.epoch === this.read?.epoch && position.id <= this.read.id) return;
    this.read = position;
    writeJson(this.#store, READ_KEY, position);
  }

  /** Forget the identity, in all tabs. */
  end() {
    this.name = this.secret = "";
    this.read = null;
    this.#store.removeItem(IDENTITY_KEY);
    this.#store.removeItem(READ_KEY);
  }
}
