import { byId } from "../lib/dom.js";
import { write } from "../lib/storage.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../lib/storage.js").Store} Store */

const THEME_KEY = "oneroom.theme";
const THEMES = ["auto", "light", "dark"];

/** The button that chooses between light, dark, and the system's setting. */
export class Theme {
  #button = byId("button", "theme-button");
  #store;
  #i18n;

  /**
   * @param {Store} store
   * @param {I18n} i18n
   */
  constructor(store, i18n) {
    this.#store = store;
    this.#i18n = i18n;
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
    this.#button.title = this.#button.ariaLabel = this.#i18n.t(`theme.${this.#current}`);
  }
}
