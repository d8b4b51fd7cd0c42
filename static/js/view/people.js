import { makeAvatar } from "../lib/avatar.js";
import { byClass, byId, make } from "../lib/dom.js";
import { Signal } from "../lib/signal.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */

/** Most people listed; of the others only the number is shown. */
const MAX_LISTED = 500;

/** The list of who is here: beside the conversation, or on narrow screens above it. */
export class People {
  /** A moderator has opened the menu of a person. @type {Signal<{name: string, button: HTMLElement}>} */
  menuRequested = new Signal();

  /** On narrow screens: opened or closed. @type {Signal} */
  toggled = new Signal();

  /** Whether it is open above the conversation, on narrow screens. */
  isOpen = false;

  #panel = byId("aside", "people");
  #title = byId("h2", "people-title");
  #list = byId("ul", "people-list");
  #rest = make("li", "people-rest");
  #button = byId("button", "people-button");
  #count = byId("span", "people-count");
  #members;
  #moderation;
  #i18n;
  /** The lines shown, by name. @type {Map<string, HTMLElement>} */
  #shown = new Map();
  /** What every line depends on: our name and role. */
  #viewer = "";

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor({ members, moderation }, i18n) {
    this.#members = members;
    this.#moderation = moderation;
    this.#i18n = i18n;
    members.changed.on(() => this.#show());
    moderation.changed.on(() => this.#show());
    moderation.mutes.changed.on(() => this.#show());
    this.#list.addEventListener("click", event => this.#onClick(event));
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

  /** Go to the list; on narrow screens open it. */
  open() {
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
    const { names, typing, self } = this.#members;
    this.#count.textContent = names.length.toLocaleString(this.#i18n.locale);
    this.#title.replaceChildren(
      this.#i18n.t("people.title"),
      make("span", "people-number", this.#count.textContent),
    );
    const viewer = `${this.#moderation.moderator} ${self}`;
    if (viewer !== this.#viewer) this.#shown.clear();
    this.#viewer = viewer;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#reconcile(names.slice(0, MAX_LISTED));
    if (hadFocus && !this.#list.contains(document.activeElement)) this.#panel.focus();
    const rest = names.length - MAX_LISTED;
    this.#rest.textContent = this.#i18n.t("people.rest", { count: rest });
    if (rest > 0) this.#list.append(this.#rest);
    const typists = new Set(typing);
    for (const [name, item] of this.#shown) {
      item.classList.toggle("typing", typists.has(name));
      // Others are not told of all mutes, but everybody of their own.
      if (this.#moderation.moderator || name === self)
        byClass(item, "person-muted").textContent = this.#describeMute(name);
    }
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
    const label = make(
      "div",
      "person-label",
      make("bdi", "person-name", shown),
      make("span", "person-muted"),
    );
    const item = make("li", "person", makeAvatar(shown), label);
    item.dataset.name = name;
    if (name === this.#members.self) {
      const self = this.#moderation.moderator ? "people.self.moderator" : "people.self";
      item.append(make("span", "person-self", this.#i18n.t(self)));
    } else if (this.#moderation.moderator) {
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
