import { byId, make } from "./dom.js";
import { makeDoor } from "./person.js";
import { clean } from "./text.js";

/** @typedef {import("./i18n.js").Words} Words */
/** @typedef {import("./members.js").Members} Members */

/** Names told of those who write; if there are more, they are counted. */
const WRITERS_NAMED = 3;

/** Who is here: beside the conversation, or on narrow screens in a sheet above it. */
export class People {
  #panel = byId("aside", "people");
  #title = byId("h2", "people-title");
  #list = byId("ul", "people-list");
  #button = byId("button", "people-button");
  #count = byId("span", "people-count");
  #typing = byId("p", "typing");
  #members;
  #words;

  /**
   * @param {Members} members
   * @param {Words} words
   */
  constructor(members, words) {
    this.#members = members;
    this.#words = words;
    members.changed.on(() => this.#show());
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
    const writing = new Set(typing);
    this.#list.replaceChildren(
      ...names.map(name => {
        const item = make("li", "person", makeDoor(clean(name)), make("bdi", "person-name", clean(name)));
        if (name === self) item.append(make("span", "person-self", this.#words.say("people.self")));
        item.classList.toggle("writing", writing.has(name));
        return item;
      }),
    );
    this.#typing.textContent = this.#writers(typing.map(clean));
  }

  /** @param {string[]} names */
  #writers(names) {
    if (names.length === 0) return "";
    if (names.length > WRITERS_NAMED) return this.#words.say("typing.many", { count: names.length });
    const key = names.length === 1 ? "typing.one" : "typing.several";
    return this.#words.say(key, { names: this.#words.list(names) });
  }
}
