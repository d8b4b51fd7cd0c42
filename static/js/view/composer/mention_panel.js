import { ActiveOption } from "../../lib/active_option.js";
import { makeAvatar } from "../../lib/avatar.js";
import { byId, make } from "../../lib/dom.js";
import { EVERYBODY } from "../../lib/mentions.js";
import { Signal } from "../../lib/signal.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */

/** What is typed of a name, behind an `@` that begins a word. Names may have spaces. */
const TYPED = /(?<![\p{L}\p{M}\p{N}_])@([^@\n]{0,32})$/u;
/** Most names offered. */
const MAX_OFFERED = 8;
/** So many of the newest items are looked at for people who have spoken and left. */
const RECENT = 500;

/** The card above the composer with the names that begin as is typed behind `@`; arrow keys, Tab, Enter and a tap choose. */
export class MentionPanel {
  /** The field has another text. @type {Signal} */
  chosen = new Signal();

  #card = byId("div", "mentions");
  #list = byId("ul", "mention-list");
  #text = byId("textarea", "composer-text");
  #room;
  #i18n;
  /** Where the `@` is that was closed with Escape; -1 for none. */
  #closedAt = -1;
  #active = new ActiveOption(this.#text);

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor(room, i18n) {
    this.#room = room;
    this.#i18n = i18n;
    // Before the field sends with Enter.
    byId("form", "composer").addEventListener("keydown", event => this.#onKey(event), { capture: true });
    this.#card.addEventListener("pointerdown", event => event.preventDefault()); // the field keeps the focus
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element && target.closest("li");
      if (option instanceof HTMLElement) this.#choose(option);
    });
    document.addEventListener("selectionchange", () => {
      if (!this.#card.hidden || document.activeElement === this.#text) this.update();
    });
    this.#text.addEventListener("focus", () => this.update()); // the cursor may stand where it stood
    this.#text.addEventListener("blur", () => this.close());
    const { members } = room;
    members.changed.on(() => members.inCrowd && this.update()); // the room may have found more
  }

  /** Offer names for what is typed at the cursor, if that may be one. */
  update() {
    const at = this.#typedAt();
    if (at < 0) this.#closedAt = -1;
    const isOpen = at >= 0 && at !== this.#closedAt && document.activeElement === this.#text;
    const names = isOpen ? this.#find(this.#text.value.slice(at + 1, this.#text.selectionStart)) : [];
    const shown = [...this.#list.children].map(option => option.getAttribute("data-name"));
    if (names.join("\n") === shown.join("\n")) return;
    this.#list.replaceChildren(...names.map((name, index) => this.#makeOption(name, index)));
    this.#card.hidden = names.length === 0;
    this.#active.set(this.#list.firstElementChild);
  }

  close() {
    this.#list.replaceChildren();
    this.#card.hidden = true;
    this.#active.set(null);
  }

  /** @returns {number} Where the `@` is behind which the cursor stands; -1 if there is none, or nobody can be called. */
  #typedAt() {
    const { value, selectionStart, selectionEnd } = this.#text;
    if (selectionStart !== selectionEnd || !this.#room.acts.can("mention")) return -1;
    const before = value.slice(Math.max(0, selectionStart - 40), selectionStart);
    const found = TYPED.exec(before);
    return found ? selectionStart - before.length + found.index : -1;
  }

  /**
   * @param {string} typed
   * @returns {string[]} Names that begin so, or of which a word does; those who are present first.
   */
  #find(typed) {
    const { members, timeline, moderation } = this.#room;
    const spoken = timeline.items
      .slice(-RECENT)
      .flatMap(item => (item.kind === "message" && !item.notice ? [item.name] : []));
    const everybody = moderation.moderator ? [EVERYBODY] : [];
    const told = members.inCrowd ? (members.search?.find(typed) ?? []) : [];
    const names = [...new Set([...members.names, ...spoken.reverse(), ...told, ...everybody])];
    const part = typed.toLowerCase();
    const others = names.filter(name => name !== members.self);
    const first = others.filter(name => name.toLowerCase().startsWith(part));
    const inside = others.filter(name => !first.includes(name) && name.toLowerCase().includes(` ${part}`));
    const found = part.trim() === part ? [...first, ...inside] : first;
    // Who has typed a whole name goes on with the text.
    if (found.some(name => name.toLowerCase() === part) && found.length === 1) return [];
    return found.slice(0, MAX_OFFERED);
  }

  /**
   * @param {string} name
   * @param {number} index
   */
  #makeOption(name, index) {
    const isEverybody = name === EVERYBODY;
    const about = isEverybody ? [make("span", "mention-about", this.#i18n.t("mention.everybody"))] : [];
    const option = make(
      "li",
      "",
      makeAvatar(isEverybody ? "@" : clean(name)),
      make("bdi", "", clean(name)),
      ...about,
    );
    option.id = `mention-${index}`;
    option.role = "option";
    option.ariaSelected = "false";
    option.dataset.name = name;
    return option;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#card.hidden || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !this.#act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {string} key
   * @returns {boolean} Whether it was for the list.
   */
  #act(key) {
    const options = [...this.#list.children];
    const at = this.#active.element ? options.indexOf(this.#active.element) : -1;
    if (key === "Escape") {
      this.#closedAt = this.#typedAt();
      this.close();
    } else if (key === "ArrowDown") this.#active.set(options[(at + 1) % options.length]);
    else if (key === "ArrowUp") this.#active.set(options.at(at - 1));
    else if ((key === "Tab" || key === "Enter") && this.#active.element instanceof HTMLElement)
      this.#choose(this.#active.element);
    else return false;
    return true;
  }

  /** @param {HTMLElement} option */
  #choose(option) {
    const at = this.#typedAt();
    const { name = "" } = option.dataset;
    if (at >= 0) this.#text.setRangeText(`@${clean(name)} `, at, this.#text.selectionStart, "end");
    this.close();
    this.chosen.emit();
  }
}
