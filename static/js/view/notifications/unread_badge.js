import { clean } from "../../lib/text.js";

/** @typedef {import("../../model/unread.js").Unread} Unread */

/** Above this the count is not told exactly. */
const MAX_COUNT = 999;

/** Shows in the tab what is unread: the count in the title, and a mark in the icon, another one if the reader is called. */
export class UnreadBadge {
  #icon = document.querySelector("link[rel=icon]");
  #plain = this.#icon?.getAttribute("href") ?? "";
  #unread;
  #about;

  /**
   * @param {Unread} unread
   * @param {import("../../model/about.js").About} about
   */
  constructor(unread, about) {
    this.#unread = unread;
    this.#about = about;
    for (const { changed } of [unread, about]) changed.on(() => this.#show());
    this.#show();
  }

  #show() {
    const { count, calls } = this.#unread;
    const number = count > MAX_COUNT ? `${MAX_COUNT}+` : count;
    const room = clean(this.#about.title) || "Oneroom";
    const title = count ? `${calls ? "@ " : ""}(${number}) ${room}` : room;
    if (title !== document.title) document.title = title;
    if (!(this.#icon instanceof HTMLLinkElement)) return;
    const { unread = "", called = "" } = this.#icon.dataset;
    const href = calls ? called : count ? unread : this.#plain;
    if (href !== this.#icon.getAttribute("href")) this.#icon.setAttribute("href", href);
  }
}
