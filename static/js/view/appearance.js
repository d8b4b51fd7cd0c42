import { byId } from "../lib/dom.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/settings.js").Settings} Settings */

/** Tells the style sheets the chosen colours and density; has the button that changes the colours. */
export class Appearance {
  #root = document.documentElement;
  #button = byId("button", "theme-button");
  #settings;
  #i18n;

  /**
   * @param {Settings} settings
   * @param {I18n} i18n
   */
  constructor(settings, i18n) {
    this.#settings = settings;
    this.#i18n = i18n;
    this.#button.addEventListener("click", () => settings.next("theme"));
    settings.changed.on(() => this.#apply());
    this.#apply();
  }

  #apply() {
    const theme = this.#settings.get("theme");
    this.#root.dataset.theme = theme;
    this.#root.dataset.density = this.#settings.get("density");
    this.#button.title = this.#button.ariaLabel = this.#i18n.t(`theme.${theme}`);
  }
}
