import { byId, speak } from "../lib/dom.js";
import { countDown } from "../lib/timer.js";

/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../model/throttle.js").Throttle} Throttle */

/** One calm line above the composer, for as long as the room lets us wait. */
export class ThrottleNote {
  #words = byId("span", "throttle-words");
  #left = byId("span", "throttle-left");
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /**
   * @param {Throttle} throttle
   * @param {Words} words
   */
  constructor(throttle, words) {
    throttle.changed.on(() => this.#show(throttle, words));
  }

  /**
   * @param {Throttle} throttle
   * @param {Words} words
   */
  #show({ until, settled }, words) {
    clearInterval(this.#ticking);
    speak(this.#words, until ? words.say("throttle.words") : "");
    this.#left.textContent = "";
    if (!until) return;
    const key = settled ? "throttle.left" : "throttle.soon";
    this.#ticking = countDown(until, left => {
      this.#left.textContent = words.say(key, { count: Math.max(1, left) });
    });
  }
}
