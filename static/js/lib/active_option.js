/** The option of a list that Enter takes, while the focus stays in a field (ARIA: combobox). */
export class ActiveOption {
  /** Null if there is none. @type {Element | null} */
  element = null;

  #focusable;

  /** @param {Element[]} focusable  What may have the focus meanwhile. */
  constructor(...focusable) {
    this.#focusable = focusable;
  }

  /** @param {Element | null | undefined} option */
  set(option = null) {
    if (this.element) this.element.ariaSelected = "false";
    this.element = option;
    if (option) {
      option.ariaSelected = "true";
      option.scrollIntoView({ block: "nearest" });
    }
    for (const each of this.#focusable) {
      if (option) each.setAttribute("aria-activedescendant", option.id);
      else each.removeAttribute("aria-activedescendant");
    }
  }
}
