import { byId, setLiveText } from "../lib/dom.js";
import { countDown } from "../lib/timer.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/throttle.js").Throttle} Throttle */

/** The line above the composer that is shown while the room makes us wait. */
export class ThrottleNote {
  #note = byId("p", "throttle");
  #text = byId("span", "throttle-text");
  #left = byId("span", "throttle-left");
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /**
   * @param {Throttle} throttle
   * @param {I18n} i18n
   */
  constructor(throttle, i18n) {
    throttle.changed.on(() => this.#show(throttle, i18n));
  }

  /**
   * @param {Throttle} throttle
   * @param {I18n} i18n
   */
  #show({ until, stable }, i18n) {
    clearInterval(this.#ticking);
    this.#note.classList.toggle("shown", until > 0);
    setLiveText(this.#text, until ? i18n.t("throttle.text") : "");
    this.#left.textContent = "";
    if (!until) return;
    const key = stable ? "throttle.left" : "throttle.soon";
    this.#ticking = countDown(until, left => {
      this.#left.textContent = i18n.t(key, { count: Math.max(1, left) });
    });
  }
}
