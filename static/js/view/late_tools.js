import { byId } from "../lib/dom.js";
import { report } from "../lib/report.js";
import { Signal } from "../lib/signal.js";

/** @typedef {import("../model/room.js").Room} Room */

/** Milliseconds after which loading has failed, as in boot.js: a file may neither come nor be an error. */
const TIMEOUT = 15_000;

/**
 * Loads what is in tools.js behind the conversation, so that it does not wait for it. If that fails, the page goes on
 * without it, says so, and can try again; it does so by itself after each reconnect.
 * @template Tools
 */
export class LateTools {
  /** They are there. @type {Signal<Tools>} */
  loaded = new Signal();
  /** They could not be loaded. @type {Signal} */
  failed = new Signal();
  /** Null until they are there. @type {Tools | null} */
  tools = null;

  #note = byId("div", "incomplete");
  #load;
  /** @type {Promise<void> | null} */
  #loading = null;
  #failures = 0;

  /**
   * @param {Room} room
   * @param {(attempt: number) => Promise<() => Tools>} load  Gets 0 at first; resolves to what makes them.
   */
  constructor(room, load) {
    this.#load = load;
    room.entered.on(() => requestAnimationFrame(() => setTimeout(() => this.get())));
    byId("button", "incomplete-button").addEventListener("click", () => this.get());
  }

  /** @returns {Promise<Tools | null>} Null if they cannot be loaded now. */
  async get() {
    if (this.tools) return this.tools;
    this.#loading ??= this.#try();
    await this.#loading;
    return this.tools;
  }

  async #try() {
    this.#note.hidden = true;
    try {
      const make = await Promise.race([this.#load(this.#failures), timeout()]);
      this.tools = make();
      this.loaded.emit(this.tools);
    } catch (error) {
      report(error);
      this.#failures += 1;
      this.#note.hidden = false;
      this.failed.emit();
    }
    this.#loading = null;
  }
}

/** @returns {Promise<never>} Fails after `TIMEOUT`. */
function timeout() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("tools.js did not come")), TIMEOUT));
}
