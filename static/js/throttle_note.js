import { byId } from "./dom.js";

/** @typedef {import("./i18n.js").Words} Words */
/** @typedef {import("./throttle.js").Throttle} Throttle */

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
    const said = until ? words.say("throttle.words") : "";
    // Spoken when it changes, so it is left alone while it stays the same.
    if (this.#words.textContent !== said) this.#words.textContent = said;
    const tick = () => {
      const count = Math.max(1, Math.ceil((until - Date.now()) / 1000));
      this.#left.textContent = words.say(settled ? "throttle.left" : "throttle.soon", { count });
    };
    if (until) tick();
    else this.#left.textContent = "";
    if (until) this.#ticking = setInterval(tick, 250);
  }
}
