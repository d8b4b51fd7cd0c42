import { copyText } from "../lib/clipboard.js";

/** Milliseconds for which a button says that it has copied. */
const SHOWN = 2000;

/** Buttons that copy what stands in the element that `data-copies` names. */
export class CopyButtons {
  #i18n;
  /** @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
  #ending = new WeakMap();

  /** @param {import("../lib/i18n.js").I18n} i18n */
  constructor(i18n) {
    this.#i18n = i18n;
    document.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button[data-copies]") : null;
      if (button instanceof HTMLElement) void this.#copy(button);
    });
  }

  /** @param {HTMLElement} button */
  async #copy(button) {
    const source = document.getElementById(button.dataset.copies ?? "");
    const text = source instanceof HTMLInputElement ? source.value : (source?.textContent ?? "");
    const copied = await copyText(text);
    if (!copied && source) select(source);
    button.textContent = this.#i18n.t(copied ? "code.copied" : "copy.keys");
    clearTimeout(this.#ending.get(button));
    const end = () => {
      button.textContent = this.#i18n.t("code.copy");
    };
    this.#ending.set(button, setTimeout(end, SHOWN));
  }
}

/** @param {HTMLElement} source */
function select(source) {
  if (source instanceof HTMLInputElement) source.select();
  else getSelection()?.selectAllChildren(source);
}
