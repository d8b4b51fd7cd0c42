import { write } from "../lib/storage.js";
import { findKeys, writeKey } from "./unsent.js";

/** @typedef {import("./open_tabs.js").OpenTabs} OpenTabs */
/** @typedef {import("../lib/storage.js").Store} Store */

/**
 * The text that is being written, one for each tab and identity; it survives reloads. A new tab takes
 * up what a closed one has left.
 */
export class Drafts {
  #store;
  #tabs;

  /**
   * @param {Store} store
   * @param {OpenTabs} tabs
   */
  constructor(store, tabs) {
    this.#store = store;
    this.#tabs = tabs;
  }

  /**
   * @param {string} owner  The `id` of an identity.
   * @returns {string} Its draft in this tab, or "".
   */
  read(owner) {
    return this.#store.getItem(this.#key(owner)) ?? "";
  }

  /**
   * @param {string} owner
   * @param {string} text  "" removes the draft.
   */
  write(owner, text) {
    if (text) write(this.#store, this.#key(owner), text);
    else this.#store.removeItem(this.#key(owner));
  }

  /**
   * Take up the newest draft of a closed tab.
   * @param {string} owner
   * @param {() => boolean} isWanted  Asked last.
   * @returns {Promise<string>} The draft, or "".
   */
  async takeUp(owner, isWanted) {
    const others = await this.#tabs.ask();
    const [left] = findKeys(this.#store, key => key.kind === "draft" && key.owner === owner)
      .filter(({ name }) => name !== this.#tabs.key && !others.has(name))
      .sort((one, other) => other.name.localeCompare(one.name));
    if (!left || !isWanted()) return "";
    const text = this.#store.getItem(writeKey(left)) ?? "";
    this.#store.removeItem(writeKey(left));
    this.write(owner, text);
    return text;
  }

  /** @param {string} owner */
  #key(owner) {
    return writeKey({ kind: "draft", owner, name: this.#tabs.key });
  }
}
