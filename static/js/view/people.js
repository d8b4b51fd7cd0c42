import { makeDoor } from "../lib/avatar.js";
import { byId, make } from "../lib/dom.js";
import { Signal } from "../lib/signal.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../model/room.js").Room} Room */

/** Most people shown; if there are more, they are counted. */
const SHOWN = 500;

/** Names told of those who write; if there are more, they are counted. */
const WRITERS_NAMED = 3;

/** Who is here: beside the conversation, or on narrow screens in a sheet above it. */
export class People {
  /** A moderator wants to do something about somebody. @type {Signal<{name: string, button: HTMLElement}>} */
  asked = new Signal();

  #panel = byId("aside", "people");
  #title = byId("h2", "people-title");
  #list = byId("ul", "people-list");
  #rest = make("li", "people-rest");
  #button = byId("button", "people-button");
  #count = byId("span", "people-count");
  #typing = byId("p", "typing");
  #members;
  #moderation;
  #words;
  /** Those shown, by name. @type {Map<string, HTMLElement>} */
  #shown = new Map();
  /** For whom: what changes of it, changes every line. */
  #view = "";

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor({ members, moderation }, words) {
    this.#members = members;
    this.#moderation = moderation;
    this.#words = words;
    members.changed.on(() => this.#show());
    moderation.changed.on(() => this.#show());
    this.#list.addEventListener("click", event => this.#ask(event));
    const narrow = matchMedia("(max-width: 799px)");
    narrow.addEventListener("change", () => this.#fit(narrow.matches));
    this.#fit(narrow.matches);
  }

  /** @param {boolean} narrow */
  #fit(narrow) {
    this.#panel.popover = narrow ? "auto" : null;
    this.#button.hidden = !narrow;
  }

  #show() {
    const { names, typing, self } = this.#members;
    this.#count.textContent = names.length.toLocaleString(this.#words.locale);
    this.#title.replaceChildren(
      this.#words.say("people.title"),
      make("span", "people-number", this.#count.textContent),
    );
    const view = `${this.#moderation.moderator} ${self}`;
    if (view !== this.#view) this.#shown.clear();
    this.#view = view;
    this.#reconcile(names.slice(0, SHOWN));
    const rest = names.length - SHOWN;
    this.#rest.textContent = this.#words.say("people.rest", { count: rest });
    if (rest > 0) this.#list.append(this.#rest);
    const writing = new Set(typing);
    for (const [name, item] of this.#shown) item.classList.toggle("writing", writing.has(name));
    this.#typing.textContent = this.#writers(typing.map(clean));
  }

  /**
   * Leave in the page what is there already: its button may have the focus.
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
    const item = make("li", "person", makeDoor(shown), make("bdi", "person-name", shown));
    item.dataset.name = name;
    if (name === this.#members.self) {
      const self = this.#moderation.moderator ? "people.self.moderator" : "people.self";
      item.append(make("span", "person-self", this.#words.say(self)));
    } else if (this.#moderation.moderator) {
      const more = make("button", "person-more", "⋯");
      more.ariaLabel = more.title = this.#words.say("people.more", { name: shown });
      more.ariaHasPopup = "menu";
      more.ariaExpanded = "false";
      item.append(more);
    }
    return item;
  }

  /** @param {MouseEvent} event */
  #ask({ target }) {
    const button = target instanceof Element ? target.closest("button") : null;
    const item = button?.closest("li");
    if (button && item) this.asked.emit({ name: item.dataset.name ?? "", button });
  }

  /** @param {string[]} names */
  #writers(names) {
    if (names.length === 0) return "";
    if (names.length > WRITERS_NAMED) return this.#words.say("typing.many", { count: names.length });
    const key = names.length === 1 ? "typing.one" : "typing.several";
    return this.#words.say(key, { names: this.#words.list(names) });
  }
}
