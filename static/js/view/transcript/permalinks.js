import { copyText } from "../../lib/clipboard.js";
import { byId } from "../../lib/dom.js";
import { NUMBERED } from "./row_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../toast.js").Toast} Toast */
/** @typedef {import("./transcript.js").Transcript} Transcript */

/**
 * Where the arrow keys lead.
 * @type {Record<string, -1 | 1 | "previousElementSibling" | "nextElementSibling">}
 */
const STEPS = {
  ArrowUp: "previousElementSibling",
  ArrowDown: "nextElementSibling",
  ArrowLeft: -1,
  ArrowRight: 1,
};

/** Where the arrow keys left and right lead. */
const STOPS =
  "a[href], .message-number[role], .code-copy, .live-foot button:not([hidden]), .reaction, #message-tools button:not([hidden])";

/** Links to messages: the page follows the one in its address, and each number can be copied as one. */
export class Permalinks {
  #list = byId("ol", "messages");
  #room;
  #transcript;
  #toast;
  #i18n;
  /** The link that Tab reaches. @type {Element | undefined} */
  #tabStop;
  /** The newest number when that was chosen. @type {Element | undefined} */
  #newest;
  /** Whether the message in the address was looked for in the room, or there is none. */
  #followed = false;

  /**
   * @param {Room} room
   * @param {Transcript} transcript
   * @param {Toast} toast
   * @param {I18n} i18n
   */
  constructor(room, transcript, toast, i18n) {
    this.#room = room;
    this.#transcript = transcript;
    this.#toast = toast;
    this.#i18n = i18n;
    room.entered.on(() => {
      if (!this.#followed) this.#follow();
    });
    transcript.updated.on(() => this.#followNewest());
    this.#list.addEventListener("click", event => this.#onNumberClick(event));
    this.#list.addEventListener("keydown", event => this.#moveFocus(event));
    window.addEventListener("hashchange", () => {
      if (this.#list.checkVisibility()) this.#follow();
    });
    document.addEventListener("click", event => {
      // There is no hashchange event if the address stays the same.
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (link?.hash && link.href === location.href && !event.defaultPrevented) this.#follow();
    });
  }

  /** @param {number} id  Of the message to go to. */
  goTo(id) {
    if (location.hash === `#${id}`) this.#follow();
    else location.hash = String(id);
  }

  /** Go to the message in the address, if there is one. */
  async #follow() {
    const id = Number(/^#([1-9]\d{0,14})$/.exec(location.hash)?.[1]);
    const found = id > 0 && (await this.#room.history.find(id));
    this.#followed = found || this.#room.joined;
    if (found) this.#transcript.show(id);
    else if (id) this.#say(this.#followed ? "message.lost" : "message.offline", id);
  }

  /** @param {MouseEvent} event */
  #onNumberClick(event) {
    const number = event.target instanceof Element && event.target.closest("a.message-number[href]");
    if (!(number instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(history.state, "", number.hash);
    this.#transcript.highlight(number.closest(NUMBERED));
    const id = Number(number.hash.slice(1));
    copyText(number.href).then(done => done && this.#say("message.copied", id));
  }

  /**
   * Make the newest number reachable with Tab when there is a newer one, or when the link that was is gone. While
   * one is at the links, or nothing was said since, the stop is where one was.
   */
  #followNewest() {
    if (this.#list.contains(document.activeElement)) return;
    const newest = this.#newestNumber;
    if (newest === this.#newest && this.#tabStop && this.#list.contains(this.#tabStop)) return;
    this.#newest = newest;
    this.#setTabStop(newest);
  }

  /**
   * Make one of the links reachable with Tab, and no other.
   * @param {Element | undefined} link
   */
  #setTabStop(link) {
    if (link === this.#tabStop) return;
    this.#tabStop?.setAttribute("tabindex", "-1");
    this.#tabStop = link;
    link?.setAttribute("tabindex", "0");
  }

  /** @returns {Element | undefined} Searched from the end, as there may be very many. */
  get #newestNumber() {
    let row = this.#list.lastElementChild;
    while (row && !numberOf(row)) row = row.previousElementSibling;
    return numberOf(row);
  }

  /**
   * Move with the arrow keys: up and down between the numbers, left and right between the links of a message and
   * its buttons.
   * @param {KeyboardEvent} event
   */
  #moveFocus(event) {
    const link = event.target instanceof Element ? event.target.closest(STOPS) : null;
    const message = link?.closest(NUMBERED);
    const step = STEPS[event.key];
    if (!link || !message || !step) return;
    event.preventDefault();
    const links = [...message.querySelectorAll(STOPS)];
    const next =
      typeof step === "number" ? links[links.indexOf(link) + step] : numberOf(beside(message, step));
    if (!(next instanceof HTMLElement)) return;
    next.focus();
    this.#setTabStop(next);
  }

  /**
   * @param {string} key
   * @param {number} id
   */
  #say(key, id) {
    this.#toast.show(this.#i18n.t(key, { number: `#${id}` }));
  }
}

/** @param {Element | null} row @returns {Element | undefined} The link with its number, or what will be that. */
function numberOf(row) {
  return row?.querySelector(".message-number:is([href], [role])") ?? undefined;
}

/**
 * @param {Element} row
 * @param {"previousElementSibling" | "nextElementSibling"} side
 * @returns {Element | null} The nearest row with a number.
 */
function beside(row, side) {
  let next = row[side];
  while (next && !numberOf(next)) next = next[side];
  return next;
}
