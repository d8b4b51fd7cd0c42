import { byId, make } from "../lib/dom.js";
import { clean } from "../lib/text.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/ignored.js").Ignored} Ignored */
/** @typedef {import("../model/settings.js").Setting} Setting */
/** @typedef {import("../model/settings.js").Settings} Settings */

/** Name of the cookie by which the gateway chooses the page's language. */
const LANGUAGE = "oneroom_language";
/** Seconds for which it is kept: a year. */
const KEPT = 365 * 24 * 3600;

/** The settings, the people whose messages are hidden, and the way to what is needed less often. */
export class SettingsSheet extends Sheet {
  #form = byId("form", "settings-form");
  #hidden = byId("ul", "settings-ignored");
  #touch = matchMedia("(pointer: coarse)");
  #settings;
  #ignored;
  #i18n;

  /**
   * @param {Settings} settings
   * @param {Ignored} ignored
   * @param {I18n} i18n
   * @param {() => void} showShortcuts
   */
  constructor(settings, ignored, i18n, showShortcuts) {
    super("settings");
    this.#settings = settings;
    this.#ignored = ignored;
    this.#i18n = i18n;
    byId("button", "settings-button").addEventListener("click", () => this.open());
    this.#form.addEventListener("change", ({ target }) => this.#choose(target));
    settings.changed.on(() => this.#show());
    ignored.changed.on(() => this.#showIgnored());
    // Before what its buttons open: that takes over the focus.
    byId("div", "settings-foot").addEventListener("click", () => this.close(), { capture: true });
    byId("button", "shortcuts-button").addEventListener("click", showShortcuts);
    this.#show();
    this.#showIgnored();
  }

  /** @param {EventTarget | null} target  A radio button. */
  #choose(target) {
    if (!(target instanceof HTMLInputElement)) return;
    const { name, value } = target;
    if (name === "language") chooseLanguage(value);
    else this.#settings.set(/** @type {Setting} */ (name), value);
  }

  #show() {
    const enter = this.#settings.get("enter");
    const usual = this.#touch.matches ? "line" : "send";
    this.#check("enter", enter === "auto" ? usual : enter);
    for (const name of /** @type {const} */ (["theme", "density", "joins", "view"]))
      this.#check(name, this.#settings.get(name));
    this.#check("language", /(?:^|; )oneroom_language=(\w+)/.exec(document.cookie)?.[1] ?? "auto");
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #check(name, value) {
    for (const radio of this.#form.querySelectorAll("input"))
      if (radio.name === name) radio.checked = radio.value === value;
  }

  #showIgnored() {
    const { names } = this.#ignored;
    byId("section", "settings-people").hidden = names.length === 0;
    const items = names.map(name => {
      const button = make("button", "dialog-action", this.#i18n.t("settings.ignored.show"));
      button.type = "button";
      button.ariaLabel = this.#i18n.t("settings.ignored.show.label", { name: clean(name) });
      button.addEventListener("click", () => this.#ignored.toggle(name));
      return make("li", "", make("bdi", "person-name", clean(name)), button);
    });
    this.#hidden.replaceChildren(...items);
  }
}

/** @param {string} language  "auto" for the browser's. */
function chooseLanguage(language) {
  const age = language === "auto" ? 0 : KEPT;
  // biome-ignore lint/suspicious/noDocumentCookie: Firefox and Safari have no Cookie Store API before 2025
  document.cookie = `${LANGUAGE}=${language}; Max-Age=${age}; Path=${location.pathname}; SameSite=Strict`;
  location.reload();
}
