import { makeAvatar } from "../lib/avatar.js";
import { byClass, byId, make } from "../lib/dom.js";
import { Signal } from "../lib/signal.js";
import { clean } from "../lib/text.js";
import { pullToClose } from "./pull_to_close.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/ignored.js").Ignored} Ignored */
/** @typedef {import("../model/room.js").Room} Room */

/** Most people listed; of the others only the number is shown. */
const MAX_LISTED = 500;
/** Lines made in a frame, more than are in view: of a long list the others follow, so that it delays no message. */
const MAX_MADE = 60;
/** From so many people on, the list can be filtered. */
const FILTERED_FROM = 10;

/** The list of who is here: beside the conversation, or on narrow screens above it. */
export class People {
  /** The menu of a person is to be opened. @type {Signal<{name: string, button: HTMLElement}>} */
  menuRequested = new Signal();

  /** On narrow screens: opened or closed. @type {Signal} */
  toggled = new Signal();

  /** That of a person. @type {import("./person_menu.js").PersonMenu | null} */
  menu = null;

  /** Whether it is open above the conversation, on narrow screens. */
  isOpen = false;

  #panel = byId("aside", "people");
  #title = byId("h2", "people-title");
  #filter = byId("input", "people-filter");
  #list = byId("ul", "people-list");
  #rest = make("li", "people-rest");
  #button = byId("button", "people-button");
  #count = byId("span", "people-count");
  #members;
  #moderation;
  #ignored;
  #i18n;
  /** The lines shown, by name. @type {Map<string, HTMLElement>} */
  #shown = new Map();
  /** What every line depends on: our name and role. */
  #viewer = "";
  /** Whether lines are missing, which follow soon. */
  #unfinished = false;

  /**
   * @param {Room} room
   * @param {Ignored} ignored
   * @param {I18n} i18n
   */
  constructor({ members, moderation, connection }, ignored, i18n) {
    this.#ignored = ignored;
    this.#members = members;
    this.#moderation = moderation;
    this.#i18n = i18n;
    members.changed.on(() => this.#show());
    connection.changed.on(({ phase }) => {
      if (phase === "waiting" && this.#shown.size === 0) this.#showAway();
    });
    moderation.changed.on(() => this.#show());
    moderation.mutes.changed.on(() => this.#show());
    ignored.changed.on(() => this.#show());
    this.#list.addEventListener("click", event => this.#onClick(event));
    this.#filter.addEventListener("input", () => this.#show());
    pullToClose(this.#panel, byClass(this.#panel, "people-head"), () => this.close());
    const narrow = matchMedia("(max-width: 799px)");
    narrow.addEventListener("change", () => this.#setNarrow(narrow.matches));
    this.#setNarrow(narrow.matches);
    this.#panel.addEventListener("beforetoggle", event => {
      if (event.target !== this.#panel) return;
      this.isOpen = event.newState === "open";
      this.toggled.emit();
    });
  }

  close() {
    if (this.isOpen) this.#panel.hidePopover();
  }

  /** Close the menu of a person, if one is open: Back does that first. @returns {boolean} Whether one was. */
  closeInner() {
    const isMenuOpen = this.menu?.isOpen ?? false;
    if (isMenuOpen) this.menu?.close();
    return isMenuOpen;
  }

  /** Go to the list; on narrow screens open it. @param {string} wanted  The beginning of the names to show. */
  open(wanted = "") {
    this.#filter.value = wanted;
    this.#filter.dispatchEvent(new Event("input"));
    if (this.#panel.popover) this.#panel.showPopover();
    this.#panel.focus();
  }

  /** Focus the list, or the button that opens it. */
  focus() {
    (this.#panel.checkVisibility() ? this.#panel : this.#button).focus();
  }

  /** @param {boolean} narrow */
  #setNarrow(narrow) {
    this.close();
    this.#panel.popover = narrow ? "auto" : null;
    this.#button.hidden = !narrow;
  }

  #show() {
    const { typing, self, count } = this.#members;
    this.#count.textContent = count.toLocaleString(this.#i18n.locale);
    this.#title.replaceChildren(
      this.#i18n.t("people.title"),
      make("span", "people-number", this.#count.textContent),
    );
    const viewer = `${this.#moderation.moderator} ${self}`;
    if (viewer !== this.#viewer) this.#shown.clear();
    this.#viewer = viewer;
    const hadFocus = this.#list.contains(document.activeElement);
    const { names, rest } = this.#find();
    this.#reconcile(this.#choose(names));
    if (hadFocus && !this.#list.contains(document.activeElement)) this.#panel.focus();
    const key = rest === Number.POSITIVE_INFINITY ? "others" : rest > 0 ? "rest" : "nobody";
    this.#rest.textContent = this.#i18n.t(`people.${key}`, { count: rest });
    if (rest > 0 || names.length === 0) this.#list.append(this.#rest);
    const typists = new Set(typing);
    for (const [name, item] of this.#shown) this.#showNote(item, name, typists.has(name));
  }

  /** The room does not answer, and did not before. */
  #showAway() {
    this.#title.textContent = this.#i18n.t("people.title");
    this.#rest.textContent = this.#i18n.t("people.away");
    this.#list.replaceChildren(this.#rest);
  }

  /** @returns {{names: string[], rest: number}} Those that the filter finds, and how many others, if that is known. */
  #find() {
    const { names, count, inCrowd, search } = this.#members;
    this.#filter.hidden = count < FILTERED_FROM && this.#filter.value === "";
    const wanted = this.#filter.value.trim().toLowerCase();
    const told = inCrowd ? search?.get(wanted) : null;
    const matching = wanted ? names.filter(name => name.toLowerCase().includes(wanted)) : names;
    const found = told?.names ?? matching;
    const isPart = inCrowd && (told?.more ?? true);
    const all = isPart ? (wanted ? Number.POSITIVE_INFINITY : count) : found.length;
    return { names: found.slice(0, MAX_LISTED), rest: all - Math.min(found.length, MAX_LISTED) };
  }

  /**
   * @param {string[]} names
   * @returns {string[]} Those whose lines are there, and some of the others. The rest follows once these are painted.
   */
  #choose(names) {
    const missing = names.filter(name => !this.#shown.has(name));
    if (missing.length <= MAX_MADE) return names;
    const later = new Set(missing.slice(MAX_MADE));
    if (!this.#unfinished) {
      this.#unfinished = true;
      requestAnimationFrame(() =>
        setTimeout(() => {
          this.#unfinished = false;
          this.#show();
        }),
      );
    }
    return names.filter(name => !later.has(name));
  }

  /**
   * @param {HTMLElement} item
   * @param {string} name
   * @param {boolean} typing
   */
  #showNote(item, name, typing) {
    // Others are not told of all mutes, but everybody of their own.
    const isTold = this.#moderation.moderator || name === this.#members.self;
    const muted = isTold ? this.#describeMute(name) : "";
    const note = byClass(item, "person-note");
    const { moderator = false, away = false } = this.#members.marksOf(name);
    const isSelf = name === this.#members.self;
    const isModerator = isSelf ? this.#moderation.moderator : moderator;
    const now = typing ? "typing" : away ? "absent" : "";
    const words = [isSelf && "self", isModerator && "moderator", this.#ignored.has(name) ? "hidden" : now];
    const said = words.filter(Boolean).map(word => this.#i18n.t(`people.${word}`));
    const text = [...said, muted].filter(Boolean).join(" · ");
    if (note.textContent !== text) note.textContent = text;
    note.classList.toggle("muted", muted !== "");
    item.classList.toggle("typing", typing);
    item.classList.toggle("away", away);
  }

  /** @param {string} name */
  #describeMute(name) {
    const until = this.#moderation.mutes.until(name);
    if (until === undefined) return "";
    const when = Number.isFinite(until) ? this.#i18n.when(new Date(until)) : "";
    return when ? this.#i18n.t("person.muted.until", { until: when }) : this.#i18n.t("person.muted");
  }

  /**
   * Keep the elements that are there already: a button may have the focus.
   * @param {string[]} names
   */
  #reconcile(names) {
    const items = new Map(names.map(name => [name, this.#shown.get(name) ?? this.#make(name)]));
    const kept = new Set(items.values());
    for (const item of [...this.#list.children]) {
      if (!(item instanceof HTMLElement && kept.has(item))) item.remove();
    }
    let next = this.#list.firstElementChild;
    for (const item of kept) {
      if (item === next) next = item.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
    this.#shown = items;
  }

  /** @param {string} name */
  #make(name) {
    const shown = clean(name);
    const label = make("bdi", "person-name", shown);
    label.title = shown;
    const item = make("li", "person", makeAvatar(shown), label, make("span", "person-note"));
    item.dataset.name = name;
    if (name !== this.#members.self) {
      const more = make("button", "person-more", "⋯");
      more.ariaLabel = more.title = this.#i18n.t("people.more", { name: shown });
      more.ariaHasPopup = "menu";
      more.ariaExpanded = "false";
      item.append(more);
    }
    return item;
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const button = target instanceof Element ? target.closest("button") : null;
    const item = button?.closest("li");
    if (button && item) this.menuRequested.emit({ name: item.dataset.name ?? "", button });
  }
}
