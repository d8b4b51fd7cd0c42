import { arrayOf, maxLength } from "../../lib/shape.js";
import { readJson, writeJson } from "../../lib/storage.js";

/** @typedef {import("../../lib/storage.js").Store} Store */

const KEY = "oneroom.emoji";
/** How many are offered, and the first of them as long as no others were used. */
const COUNT = 6;
export const FIRST = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

const EMOJI = arrayOf(maxLength(64));

/** The emoji with which somebody has reacted last in this browser, the newest first. */
export class RecentEmoji {
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** @returns {string[]} */
  get list() {
    /** @type {string[]} */
    const used = readJson(this.#store, KEY, EMOJI) ?? [];
    return [...new Set([...used, ...FIRST])].slice(0, COUNT);
  }

  /** @param {string} emoji */
  use(emoji) {
    if (this.list.includes(emoji)) return; // none changes its place under the finger
    writeJson(this.#store, KEY, [emoji, ...this.list].slice(0, COUNT));
  }
}
