import { byId, make } from "../lib/dom.js";

/**
 * With an `icon`, that is shown, and the label is for screen readers. What is `pressed` is undone by it.
 * @typedef {{label: string, run: () => void, danger?: boolean, icon?: string, pressed?: boolean}} MenuItem
 */

/** Pixels between the menu, its button, and the edges of the page. */
const SPACE = 8;

/** A menu beside the button that opened it. Escape and a click elsewhere close it. */
export class Menu {
  #menu;
  /** The button that opened it, while it is open. @type {HTMLElement | null} */
  #anchor = null;
  /** The button pressed just now while its menu was open: that press closes the menu. @type {HTMLElement | null} */
  #pressed = null;

  /** @param {string} [id]  Of its element. */
  constructor(id = "menu") {
    this.#menu = byId("div", id);
    document.addEventListener("pointerdown", () => (this.#pressed = this.#anchor), { capture: true });
    this.#menu.addEventListener("keydown", event => this.#moveFocus(event));
    this.#menu.addEventListener("beforetoggle", event => {
      if (event.newState === "open") return;
      // A browser gives the focus back only to what has opened the outermost popover.
      const isNested = this.#menu.parentElement?.closest("[popover]");
      if (isNested && this.#menu.contains(document.activeElement)) this.#anchor?.focus();
      if (this.#anchor instanceof HTMLButtonElement) this.#anchor.ariaExpanded = "false";
      this.#anchor = null;
    });
  }

  /**
   * @param {HTMLElement} anchor
   * @param {string} label
   * @param {MenuItem[]} items
   * @param {MenuItem[]} [head]  Shown in one row above the others, for the arrow keys left and right.
   */
  open(anchor, label, items, head = []) {
    const again = anchor === this.#pressed;
    this.#pressed = null;
    if (again) return;
    this.#menu.ariaLabel = label;
    this.#menu.removeAttribute("aria-describedby");
    this.#menu.replaceChildren(...items.map(item => this.#makeItem(item)));
    if (head.length) this.#menu.prepend(this.#makeHead(head));
    this.#menu.showPopover();
    this.#anchor = anchor;
    if (anchor instanceof HTMLButtonElement) anchor.ariaExpanded = "true";
    this.#place(anchor.getBoundingClientRect());
    this.#items[0]?.focus();
  }

  /** Show a text above the items. @param {string} text */
  note(text) {
    const shown = this.#menu.querySelector(".menu-note") ?? make("div", "menu-note");
    shown.id = `${this.#menu.id}-note`;
    shown.role = "none"; // a menu has nothing but items for screen readers, which read this as its description
    shown.textContent = text;
    this.#menu.prepend(shown);
    this.#menu.setAttribute("aria-describedby", shown.id);
    if (this.#anchor) this.#place(this.#anchor.getBoundingClientRect());
  }

  get isOpen() {
    return this.#anchor !== null;
  }

  close() {
    this.#menu.hidePopover();
  }

  /** @param {MenuItem[]} items */
  #makeHead(items) {
    const head = make("div", "menu-head", ...items.map(item => this.#makeItem(item)));
    head.role = "group";
    return head;
  }

  /** @param {MenuItem} item */
  #makeItem({ label, run, danger = false, icon, pressed }) {
    const item = make("button", danger ? "menu-item danger" : "menu-item", icon ?? label);
    if (icon) item.ariaLabel = item.title = label;
    if (pressed) item.classList.add("pressed");
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
  #place({ top, bottom, left: start, right }) {
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    const below = bottom + SPACE;
    const fits = below + height + SPACE <= innerHeight;
    const isAtStart = start + width < innerWidth / 2;
    const left = isAtStart ? start : Math.min(right, innerWidth - SPACE) - width;
    this.#menu.style.left = `${Math.max(SPACE, left)}px`;
    this.#menu.style.top = `${fits ? below : Math.max(SPACE, top - SPACE - height)}px`;
  }

  /** @param {KeyboardEvent} event */
  #moveFocus(event) {
    const items = this.#items;
    const at = items.findIndex(item => item.matches(":focus"));
    const width = items.filter(item => item.closest(".menu-head")).length;
    const isInHead = at >= 0 && at < width;
    /** @type {Record<string, number>} */
    const across = isInHead ? { ArrowRight: (at + 1) % width, ArrowLeft: (at || width) - 1 } : {};
    const up = isInHead ? -1 : width > 0 && at === width ? 0 : at - 1;
    const down = isInHead ? width : at + 1;
    const next = { ...across, ArrowDown: down, ArrowUp: up, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.close();
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length)?.focus();
  }
}
