import { byId, make, textWithBdi } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { tokenize } from "../../lib/tokens.js";
import { makeToken } from "./text_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */

/** The topic under the title: one line, which can be unfolded if it is longer. */
export class TopicLine {
  #section = byId("section", "topic");
  #text = byId("p", "topic-text");
  #more = byId("button", "topic-more");
  #topic;
  #i18n;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor(room, i18n) {
    this.#topic = room.topic;
    this.#i18n = i18n;
    this.#topic.changed.on(() => this.#show());
    this.#more.addEventListener("click", () => this.#unfold(!this.#isUnfolded));
    new ResizeObserver(() => this.#update()).observe(this.#text);
    this.#show();
  }

  get #isUnfolded() {
    return this.#section.classList.contains("unfolded");
  }

  /** Show all of it, where somebody has asked for it. @returns {boolean} Whether there is one. */
  open() {
    this.#unfold(true);
    return this.#topic.value !== null;
  }

  #show() {
    const { value } = this.#topic;
    this.#section.hidden = value === null;
    this.#section.classList.remove("unfolded");
    if (value) {
      const by = { by: clean(value.by), when: [this.#i18n.when(new Date(value.at))] };
      const words = tokenize(clean(value.text)).map(makeToken);
      for (const word of words) if (word instanceof HTMLElement) word.tabIndex = 0; // no arrow keys lead here
      const text = make("bdi", "", ...words);
      const author = make("span", "topic-author", ...textWithBdi(this.#i18n, "topic.by", by));
      this.#text.replaceChildren(text, " ", author);
    }
    this.#update();
  }

  /** @param {boolean} unfolded */
  #unfold(unfolded) {
    this.#section.classList.toggle("unfolded", unfolded);
    this.#update();
  }

  #update() {
    const isUnfolded = this.#isUnfolded;
    const isCut = this.#text.scrollWidth > this.#text.clientWidth;
    this.#more.hidden = !(isUnfolded || isCut);
    this.#more.ariaExpanded = String(isUnfolded);
  }
}
