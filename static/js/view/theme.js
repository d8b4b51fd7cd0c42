import { byId } from "../lib/dom.js";
import { write } from "../lib/storage.js";

/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../lib/storage.js").Store} Store */

const THEME_KEY = "oneroom.theme";
const THEMES = ["auto", "light", "dark"];

/** Light or dark: as the system has it, or as chosen here. */
export class Theme {
  #button = byId("button", "theme-button");
  #store;
  #words;

  /**
   * @param {Store} store
   * @param {Words} words
   */
  constructor(store, words) {
    this.#store = store;
    this.#words = words;
    this.#apply(store.getItem(THEME_KEY) ?? "auto");
    this.#button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(this.#current) + 1) % THEMES.length] ?? "auto";
      write(this.#store, THEME_KEY, next);
      this.#apply(next);
    });
  }

  get #current() {
    return document.documentElement.dataset.theme ?? "auto";
  }

  /** @param {string} theme */
  #apply(theme) {
    document.documentElement.dataset.theme = THEMES.includes(theme) ? theme : "auto";
    this.#button.title = this.#button.ariaLabel = this.#words.say(`theme.${this.#current}`);
  }
}
