import { byId, make } from "../../lib/dom.js";

/** @typedef {{label: string, act: () => void, grave?: boolean}} Choice */

/** Pixels between the menu, its button, and the edges of the page. */
const SPACE = 8;

/** A menu of things to do, beside the button that opened it. Closes at Escape and at a click elsewhere. */
export class Menu {
  #menu = byId("div", "menu");
  /** The button it belongs to while it is open. @type {HTMLElement | null} */
  #anchor = null;
  /** The button pressed just now with its menu open: pressing it closes. @type {HTMLElement | null} */
  #pressed = null;

  constructor() {
    document.addEventListener("pointerdown", () => (this.#pressed = this.#anchor), { capture: true });
    this.#menu.addEventListener("keydown", event => this.#walk(event));
    this.#menu.addEventListener("beforetoggle", event => {
      if (event.newState === "open") return;
      if (this.#anchor) this.#anchor.ariaExpanded = "false";
      this.#anchor = null;
    });
  }

  /**
   * @param {HTMLElement} anchor
   * @param {string} label
   * @param {Choice[]} choices
   */
  open(anchor, label, choices) {
    const again = anchor === this.#pressed;
    this.#pressed = null;
    if (again) return;
    this.#menu.ariaLabel = label;
    this.#menu.replaceChildren(...choices.map(choice => this.#item(choice)));
    this.#menu.showPopover();
    this.#anchor = anchor;
    anchor.ariaExpanded = "true";
    this.#place(anchor.getBoundingClientRect());
    this.#items[0]?.focus();
  }

  close() {
    this.#menu.hidePopover();
  }

  /** @param {Choice} choice */
  #item({ label, act, grave = false }) {
    const item = make("button", grave ? "menu-item grave" : "menu-item", label);
    item.role = "menuitem";
    item.tabIndex = -1;
    item.addEventListener("click", () => {
      this.close();
      act();
    });
    return item;
  }

  get #items() {
    return [...this.#menu.querySelectorAll("button")];
  }

  /** @param {DOMRect} anchor */
  #place({ top, bottom, right }) {
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    const below = bottom + SPACE;
    const fits = below + height + SPACE <= innerHeight;
    const left = Math.min(right, innerWidth - SPACE) - width;
    this.#menu.style.left = `${Math.max(SPACE, left)}px`;
    this.#menu.style.top = `${fits ? below : Math.max(SPACE, top - SPACE - height)}px`;
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const items = this.#items;
    const at = items.findIndex(item => item.matches(":focus"));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.close();
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length)?.focus();
  }
}
