import { byId, make } from "../lib/dom.js";

/** @typedef {{label: string, run: () => void, danger?: boolean}} MenuItem */

/** Pixels between the menu, its button, and the edges of the page. */
const SPACE = 8;

/** A menu beside the button that opened it. Escape and a click elsewhere close it. */
export class Menu {
  #menu = byId("div", "menu");
  /** The button that opened it, while it is open. @type {HTMLElement | null} */
  #anchor = null;
  /** The button pressed just now while its menu was open: that press closes the menu. @type {HTMLElement | null} */
  #pressed = null;

  constructor() {
    document.addEventListener("pointerdown", () => (this.#pressed = this.#anchor), { capture: true });
    this.#menu.addEventListener("keydown", event => this.#moveFocus(event));
    this.#menu.addEventListener("beforetoggle", event => {
      if (event.newState === "open") return;
      if (this.#anchor) this.#anchor.ariaExpanded = "false";
      this.#anchor = null;
    });
  }

  /**
   * @param {HTMLElement} anchor
   * @param {string} label
   * @param {MenuItem[]} items
   */
  open(anchor, label, items) {
    const again = anchor === this.#pressed;
    this.#pressed = null;
    if (again) return;
    this.#menu.ariaLabel = label;
    this.#menu.replaceChildren(...items.map(item => this.#makeItem(item)));
    this.#menu.showPopover();
    this.#anchor = anchor;
    anchor.ariaExpanded = "true";
    this.#place(anchor.getBoundingClientRect());
    this.#items[0]?.focus();
  }

  close() {
    this.#menu.hidePopover();
  }

  /** @param {MenuItem} item */
  #makeItem({ label, run, danger = false }) {
    const item = make("button", danger ? "menu-item danger" : "menu-item", label);
    item.role = "menuitem";
    item.tabIndex = -1;
    item.addEventListener("click", () => {
      this.close();
      run();
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
  #moveFocus(event) {
    const items = this.#items;
    const at = items.findIndex(item => item.matches(":focus"));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.close();
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length)?.focus();
  }
}
