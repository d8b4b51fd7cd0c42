import { makeAvatar, setColour } from "../lib/avatar.js";
import { byId, make, permalink, setLiveText } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { parseMarkdown } from "../lib/markdown.js";
import { isCalled } from "../lib/mentions.js";
import { plainText } from "../lib/plain_text.js";
import { Signal } from "../lib/signal.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/protocol.js").Message} Message */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/search.js").SearchResult} SearchResult */

/**
 * The search panel, in place of the list of people, or on narrow screens above everything.
 * Each hit is a link to its message.
 */
export class SearchPanel {
  /** @type {Signal} */
  toggled = new Signal();

  #panel = byId("dialog", "search");
  #button = byId("button", "search-button");
  #form = byId("form", "search-form");
  #field = byId("input", "search-query");
  #scroller = byId("div", "search-found");
  #status = byId("p", "search-status");
  #list = byId("ol", "search-hits");
  #more = byId("button", "search-more");
  #retry = byId("button", "search-retry");
  #toReader = byId("button", "search-to-reader");
  #date = byId("input", "search-date");
  #room = byId("div", "room");
  #narrow = matchMedia("(max-width: 799px)");
  #search;
  #members;
  #goToTime;
  #i18n;
  /** What the list shows. @type {SearchResult | null} */
  #shown = null;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {(time: number) => Promise<void>} goToTime
   */
  constructor(room, i18n, goToTime) {
    this.#search = room.search;
    this.#members = room.members;
    this.#goToTime = goToTime;
    this.#i18n = i18n;
    room.search.changed.on(() => this.#show());
    room.left.on(() => this.#reset());
    room.refused.on(() => this.#panel.close());
    this.#button.addEventListener("click", () => (this.#panel.open ? this.close() : this.open()));
    byId("button", "search-close").addEventListener("click", () => this.close());
    this.#panel.addEventListener("close", () => this.#updateButton());
    this.#panel.addEventListener("keydown", event => this.#moveFocus(event));
    this.#field.addEventListener("input", () => this.#search.setQuery(this.#field.value));
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#submit();
    });
    this.#list.addEventListener("click", event => this.#onHitClick(event));
    this.#more.addEventListener("click", () => this.#search.loadMore());
    this.#retry.addEventListener("click", () => this.#search.retry());
    this.#toReader.addEventListener("click", () => this.#filter(this.#toReader.ariaPressed !== "true"));
    // Each key changes the date: one that is typed is complete with Enter.
    let isTyped = false;
    this.#date.addEventListener("pointerdown", () => (isTyped = false));
    this.#date.addEventListener("change", () => !isTyped && this.#goToDate());
    this.#date.addEventListener("keydown", event => {
      isTyped = true;
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#goToDate();
    });
    this.#narrow.addEventListener("change", () => this.#panel.open && this.open());
    document.addEventListener("keydown", event => this.#onShortcut(event));
    this.#updateButton();
    this.#show();
  }

  /**
   * Open the panel. An open one is closed first, so that the focus will return to where it is now.
   * @param {string} query  What to search for; "" for what was searched for last.
   */
  open(query = "") {
    this.close();
    if (this.#narrow.matches) this.#panel.showModal();
    else this.#panel.show();
    if (query) {
      this.#field.value = query;
      this.#search.setQuery(query);
      this.#search.retry();
    }
    this.#field.select();
    this.#updateButton();
  }

  close() {
    this.#panel.close();
  }

  get isOpen() {
    return this.#panel.open;
  }

  #reset() {
    this.#panel.close();
    this.#field.value = this.#date.value = "";
    this.#toReader.ariaPressed = "false";
  }

  async #goToDate() {
    const [year = 0, month = 0, day = 0] = this.#date.value.split("-").map(Number);
    if (!year) return;
    await this.#goToTime(new Date(year, month - 1, day).getTime());
    if (this.#narrow.matches) this.close(); // as after a hit: Back leads to it again
  }

  /** @param {boolean} toReader  Whether only what calls the reader is wanted. */
  #filter(toReader) {
    const { self } = this.#members;
    this.#toReader.ariaPressed = String(toReader);
    const filter = {
      to: self,
      fits: (/** @type {Message} */ { mine, mentions = [], reply }) =>
        !mine && (isCalled(mentions, self) || reply?.name === self),
    };
    this.#search.setQuery(this.#field.value, toReader ? filter : null);
    this.#search.retry();
  }

  #updateButton() {
    this.#button.ariaExpanded = String(this.#panel.open);
    this.#room.classList.toggle("searching", this.#panel.open);
    this.toggled.emit();
  }

  /**
   * Ctrl+K, by the key's position, opens the panel; "/" does too, except in a text field.
   * @param {KeyboardEvent} event
   */
  #onShortcut(event) {
    if (!this.#button.checkVisibility() || event.isComposing || event.altKey) return;
    const { key, code, shiftKey, target } = event;
    const command = event.ctrlKey || event.metaKey;
    const inField = target instanceof Element && target.matches("input, textarea");
    if (key === "Escape" && this.#panel.open) {
      this.#panel.close();
    } else if (command ? code === "KeyK" && !shiftKey : key === "/" && !inField) {
      this.open();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Go to the first hit, or search without waiting for the typing to pause. */
  #submit() {
    const first = this.#list.querySelector("a");
    if (this.#search.phase === "answered" && first) first.focus();
    else this.#search.retry();
  }

  /**
   * Move between the field and the hits with the arrow keys.
   * @param {KeyboardEvent} event
   */
  #moveFocus(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.isComposing || !(event.target instanceof HTMLElement)) return;
    /** @type {HTMLElement[]} */
    const stops = [this.#field, ...this.#list.querySelectorAll("a"), this.#more];
    const at = stops.indexOf(event.target);
    if (at < 0) return;
    event.preventDefault();
    stops[at + step]?.focus();
  }

  /** @param {MouseEvent} event */
  #onHitClick(event) {
    const hit = event.target instanceof Element && event.target.closest("a");
    if (!hit || event.ctrlKey || event.metaKey || event.shiftKey) return;
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    hit.ariaCurrent = "true";
    if (this.#narrow.matches) this.#panel.close();
  }

  #show() {
    const { available, online, phase, result } = this.#search;
    this.#button.hidden = !available;
    if (!available) this.#panel.close();
    this.#panel.dataset.phase = online ? phase : "offline";
    this.#showResult(result);
    setLiveText(this.#status, this.#describe());
    this.#status.classList.toggle("alone", !result?.messages.length);
    this.#more.hidden = !result?.more;
    this.#more.disabled = phase !== "answered" || !online;
    this.#retry.hidden = phase !== "failed" || !online;
  }

  /** @param {SearchResult | null} result */
  #showResult(result) {
    if (result === this.#shown) return;
    const known = this.#shown?.messages ?? [];
    const continues =
      known.length > 0 && known.every((message, index) => message === result?.messages[index]);
    // The button "more" is disabled while it waits, and has lost the focus to the body.
    const wasAtMore = document.activeElement === this.#more || document.activeElement === document.body;
    this.#shown = result;
    const messages = result?.messages.slice(continues ? known.length : 0) ?? [];
    const hits = messages.map(message => this.#makeHit(message, result?.query ?? ""));
    if (continues) this.#list.append(...hits);
    else this.#list.replaceChildren(...hits);
    if (continues && wasAtMore) hits[0]?.querySelector("a")?.focus();
    if (!known.some(message => result?.messages.includes(message))) this.#scroller.scrollTop = 0;
  }

  /** The day or the time zone has changed. */
  updateTimes() {
    for (const time of this.#list.querySelectorAll("time")) this.#showTime(time);
  }

  /** @param {HTMLTimeElement} time */
  #showTime(time) {
    const date = new Date(time.dateTime);
    time.textContent = this.#i18n.when(date);
    time.title = this.#i18n.dateTime(date);
  }

  /** @returns {string} The state of the search. */
  #describe() {
    const { online, phase, result } = this.#search;
    if (phase === "idle") return this.#i18n.t("search.hint");
    if (!online) return this.#i18n.t("search.offline");
    if (phase === "failed") return this.#i18n.t("search.failed");
    if (!result) return this.#i18n.t("search.asking");
    const count = result.messages.length;
    const isToReader = this.#toReader.ariaPressed === "true";
    if (count === 0) return this.#i18n.t(isToReader ? "search.to_reader.none" : "search.none");
    return this.#i18n.t(result.more ? "search.latest" : "search.found", { count });
  }

  /**
   * @param {Message} message
   * @param {string} query  That found it.
   */
  #makeHit({ id, at, name, text }, query) {
    const author = make("bdi", "hit-author", clean(name));
    setColour(author, clean(name));
    const time = make("time", "");
    time.dateTime = at;
    this.#showTime(time);
    const pieces = excerpt(plainText(parseMarkdown(clean(text))), query).map(piece =>
      piece.marked ? make("mark", "", piece.text) : piece.text,
    );
    const body = make("span", "hit-text", ...pieces);
    body.dir = "auto";
    const link = make("a", "hit", makeAvatar(clean(name)), author, time, body);
    link.href = permalink(id);
    return make("li", "", link);
  }
}
