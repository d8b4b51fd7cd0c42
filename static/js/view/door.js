import { makeAvatar } from "../lib/avatar.js";
import { byId, make, textWithBdi } from "../lib/dom.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/about.js").About} About */

/** Milliseconds between two looks at who is inside. */
const INTERVAL = 20_000;
/** Most avatars and names shown. */
const MAX_SHOWN = 3;

/** What the login page says of the room: its welcome, and who is inside. */
export class Door {
  #welcome = byId("p", "login-welcome");
  #inside = byId("p", "login-inside");
  #about;
  #i18n;
  #tagline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;

  /**
   * @param {About} about
   * @param {I18n} i18n
   */
  constructor(about, i18n) {
    this.#about = about;
    this.#i18n = i18n;
    this.#tagline = this.#welcome.textContent;
    about.changed.on(() => this.#show());
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** The login page is shown. */
  open() {
    this.close();
    this.#looking = setInterval(() => this.#look(), INTERVAL);
    this.#look();
  }

  /** It is not shown any more. */
  close() {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look() {
    if (this.#looking !== undefined && !document.hidden) void this.#about.refresh();
  }

  #show() {
    const { welcome, title, count, names } = this.#about;
    this.#welcome.textContent = clean(welcome) || (title ? "" : this.#tagline);
    this.#welcome.classList.toggle("long", welcome.length > 120);
    const shown = count ? names.slice(0, MAX_SHOWN).map(name => clean(name)) : [];
    const avatars = shown.map(makeAvatar);
    this.#inside.replaceChildren(
      ...(avatars.length > 0 ? [make("span", "login-avatars", ...avatars)] : []),
      make("span", "", ...this.#describe(count, shown)),
    );
  }

  /**
   * @param {number | null} count
   * @param {string[]} names  Of some of them.
   * @returns {(Node | string)[]}
   */
  #describe(count, names) {
    if (count === null) return [];
    if (names.length === 0) return [this.#i18n.t(count ? "door.count" : "door.empty", { count })];
    const rest = count - names.length;
    const words =
      rest > 0 ? [...names, this.#i18n.t("presence.more", { count: rest }).replaceAll(" ", "\u00a0")] : names;
    const list = this.#i18n.list(words).map(({ text, isWord }) => (isWord ? make("bdi", "", text) : text));
    return textWithBdi(this.#i18n, "door.names", { names: list });
  }
}
