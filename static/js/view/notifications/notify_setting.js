import { byId } from "../../lib/dom.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/settings.js").Settings} Settings */

/** Telephones show notifications only of a service worker, and stop a page that is not looked at. */
const PHONE = /Android|iPhone|iPad|Mobi/;

/**
 * Whether one wants notifications: the choice in the settings, with a line that says when there are any, or why none. The
 * browser is asked for its permission when they are chosen, and never else.
 */
export class NotifySetting {
  #form = byId("form", "settings-form");
  #choice = byId("div", "setting-notify-choice");
  #about = byId("p", "setting-notify-about");
  #settings;
  #i18n;

  /**
   * @param {Settings} settings
   * @param {I18n} i18n
   */
  constructor(settings, i18n) {
    this.#settings = settings;
    this.#i18n = i18n;
    this.#form.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "notify") this.#ask();
    });
    settings.changed.on(() => this.#show());
    window.addEventListener("focus", () => this.#show()); // the permission may have been changed
    byId("div", "setting-notify-row").hidden = false;
    this.#show();
  }

  async #ask() {
    if (this.#settings.get("notify") === "off") return;
    const permission = await Notification.requestPermission();
    if (permission !== "granted") this.#settings.set("notify", "off");
    else this.#show();
  }

  #show() {
    const obstacle = findObstacle();
    const chosen = this.#settings.get("notify");
    // What was chosen may no longer be allowed.
    for (const radio of this.#form.querySelectorAll("input"))
      if (radio.name === "notify") radio.checked = radio.value === (obstacle ? "off" : chosen);
    this.#choice.hidden = obstacle !== "" && obstacle !== "denied";
    this.#about.textContent = this.#i18n.t(`settings.notify.about.${obstacle || chosen}`);
  }
}

/** @returns {"insecure" | "phone" | "denied" | ""} Why there can be no notifications. */
export function findObstacle() {
  if (!isSecureContext) return "insecure";
  if (!("Notification" in globalThis) || !navigator.locks || PHONE.test(navigator.userAgent)) return "phone";
  return Notification.permission === "denied" ? "denied" : "";
}
