import { ActiveOption } from "../../lib/active_option.js";
import { byId, make } from "../../lib/dom.js";
import { findEmoji, readEmoji } from "../../lib/emoji.js";
import { report } from "../../lib/report.js";
import { COMMON } from "./common_emoji.js";

/** @typedef {import("../../lib/emoji.js").Emoji} Emoji */
/** @typedef {import("../../lib/emojis.js").Emojis} Emojis */
/** @typedef {import("../../lib/i18n.js").I18n} I18n */

/** How many are shown at first, and more whenever the end of them comes near. */
const PAGE = 160;
/** Pixels between the picker, what it belongs to, and the edges of the page. */
const SPACE = 8;

/** Any emoji, found by its name; the arrow keys, Enter and a click choose. Escape and a click elsewhere close it. */
export class EmojiPicker {
  #panel = byId("div", "emoji");
  #query = byId("input", "emoji-query");
  #list = byId("ul", "emoji-list");
  #none = byId("p", "emoji-none");
  #emojis;
  #i18n;
  /** Empty until they are loaded. @type {Emoji[]} */
  #all = [];
  /** Those that the query finds, or the common ones. @type {Emoji[]} */
  #found = [];
  #active = new ActiveOption(this.#query);
  #choose = (/** @type {string} */ _emoji) => {};

  /**
   * @param {Emojis} emojis
   * @param {I18n} i18n
   */
  constructor(emojis, i18n) {
    this.#emojis = emojis;
    this.#i18n = i18n;
    this.#query.addEventListener("input", () => this.#search());
    this.#panel.addEventListener("keydown", event => this.#onKey(event));
    this.#list.addEventListener("scroll", () => this.#showMore(), { passive: true });
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element && target.closest("li");
      if (option) this.#take(option);
    });
  }

  /**
   * Open it at once; the emoji come when they are loaded.
   * @param {HTMLElement} anchor
   * @param {(emoji: string) => void} choose
   */
  open(anchor, choose) {
    this.#choose = choose;
    this.#query.value = "";
    this.#panel.showPopover();
    this.#load();
    const { top, bottom, right } = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#panel;
    const below = Math.max(SPACE, bottom + SPACE);
    const fits = below + height + SPACE <= innerHeight;
    this.#panel.style.left = `${Math.max(SPACE, Math.min(right, innerWidth - SPACE) - width)}px`;
    this.#panel.style.top = `${fits ? below : Math.max(SPACE, Math.min(top, innerHeight) - SPACE - height)}px`;
    this.#query.focus({ preventScroll: true });
  }

  close() {
    this.#panel.hidePopover();
  }

  async #load() {
    this.#search();
    if (this.#all.length > 0) return;
    try {
      this.#all = readEmoji(await this.#emojis.load(), this.#i18n.locale);
      this.#search();
    } catch (error) {
      report(error);
      this.#none.textContent = this.#i18n.t("emoji.failed");
      this.#none.hidden = false;
    }
  }

  #search() {
    const query = this.#query.value;
    const common = COMMON.flatMap(each => this.#all.filter(({ emoji }) => emoji === each));
    this.#found = query.trim() ? findEmoji(this.#all, query) : common;
    this.#list.replaceChildren();
    this.#list.scrollTop = 0;
    this.#none.textContent = this.#i18n.t("emoji.none");
    this.#none.hidden = this.#found.length > 0 || this.#all.length === 0;
    this.#add();
    this.#active.set(this.#list.firstElementChild);
  }

  #showMore() {
    const { scrollTop, clientHeight, scrollHeight } = this.#list;
    if (scrollTop + 2 * clientHeight > scrollHeight) this.#add();
  }

  #add() {
    const from = this.#list.childElementCount;
    const options = this.#found.slice(from, from + PAGE).map(({ emoji, name }, index) => {
      const option = make("li", "", emoji);
      option.id = `emoji-${from + index}`;
      option.role = "option";
      option.ariaSelected = "false";
      option.ariaLabel = option.title = name;
      return option;
    });
    this.#list.append(...options);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const options = [...this.#list.children];
    const at = this.#active.element ? options.indexOf(this.#active.element) : -1;
    const isTyping = this.#query.value !== "" && this.#query.selectionStart !== this.#query.value.length;
    const steps = {
      ArrowDown: this.#columns,
      ArrowUp: -this.#columns,
      ...(!isTyping && { ArrowRight: 1, ArrowLeft: -1 }),
    };
    const step = Object.entries(steps).find(([key]) => key === event.key)?.[1];
    if (event.key === "Enter") {
      if (this.#active.element) this.#take(this.#active.element);
    } else if (step && options.length > 0) {
      this.#active.set(options[Math.min(options.length - 1, Math.max(0, at + step))]);
    } else return;
    event.preventDefault();
  }

  get #columns() {
    const [first, ...others] = this.#list.querySelectorAll("li");
    return 1 + others.findIndex(each => each.offsetTop !== first?.offsetTop) || 1 + others.length;
  }

  /** @param {Element} option */
  #take(option) {
    const choose = this.#choose;
    this.close();
    choose(option.textContent ?? "");
  }
}
