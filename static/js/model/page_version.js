import { Signal } from "../lib/signal.js";

/** Least milliseconds between two checks that nothing but the user's return asks for. */
const INTERVAL = 60_000;

/** Checks whether the gateway has a newer page than this one. */
export class PageVersion {
  /** There is a newer page. Emitted once. @type {Signal} */
  outdated = new Signal();

  #current;
  #url;
  #checkedAt = performance.now();
  #known = false;

  /**
   * @param {string} current  The hash of this page.
   * @param {string} url      Where the gateway tells that of its page.
   */
  constructor(current, url) {
    this.#current = current;
    this.#url = url;
  }

  /** The user is back: check, but at most once a minute. */
  async checkSometimes() {
    if (performance.now() - this.#checkedAt >= INTERVAL) await this.check();
  }

  /** Check now: the gateway may have been replaced. Without an answer the page goes on as it is. */
  async check() {
    this.#checkedAt = performance.now();
    try {
      const { page } = await (await fetch(this.#url, { cache: "no-store" })).json();
      if (this.#known || typeof page !== "string" || page === this.#current) return;
    } catch {
      return;
    }
    this.#known = true;
    this.outdated.emit();
  }
}
