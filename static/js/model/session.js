import { number, record, upTo } from "../lib/shape.js";
import { readJson, write, writeJson } from "../lib/storage.js";

/** @typedef {import("./protocol.js").Mark} Mark */
/** @typedef {import("../lib/storage.js").Store} Store */

/** Where the identity lies; other tabs watch it. */
export const IDENTITY_KEY = "oneroom.identity";

const READ_KEY = "oneroom.read";
const NAME_KEY = "oneroom.name";

const IDENTITY = record({ name: upTo(1024), secret: upTo(128) });
const READ = record({ epoch: upTo(1024), id: number });

/**
 * Who this browser is in the room, across reloads and shared by its tabs.
 *
 * `secret` proves the identity to the server ("" where the server keeps none);
 * `read` is the newest message this person has looked at.
 */
export class Session {
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    const { name = "", secret = "" } = readJson(store, IDENTITY_KEY, IDENTITY) ?? {};
    /** Name in the room, or "" for nobody yet. */
    this.name = name;
    this.secret = secret;
    /** @type {Mark | null} */
    this.read = readJson(store, READ_KEY, READ);
  }

  /** The name used last, offered to whoever comes next. */
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

  /** @param {Mark} mark */
  markRead(mark) {
    if (mark.epoch === this.read?.epoch && mark.id <= this.read.id) return;
    this.read = mark;
    writeJson(this.#store, READ_KEY, mark);
  }

  /** Be nobody again, in all tabs. */
  end() {
    this.name = this.secret = "";
    this.read = null;
    this.#store.removeItem(IDENTITY_KEY);
    this.#store.removeItem(READ_KEY);
  }
}
