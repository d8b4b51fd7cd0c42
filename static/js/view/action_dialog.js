import { byId } from "../lib/dom.js";

/**
 * @typedef {object} Action
 * @property {(Node | string)[]} title
 * @property {string} [text]         What it does.
 * @property {("password" | "announcement" | "seconds" | "reason")[]} fields
 * @property {Record<string, string>} [values]  Of the fields, where they are not empty.
 * @property {string} confirm        Label of the button.
 * @property {boolean} [danger]      Whether it takes something away from somebody.
 * @property {() => void} [focusAfter]  Called when it is closed, if what had the focus before is gone.
 * @property {(data: FormData) => Promise<string> | void} run  Resolves to why it did not work, or "".
 */

/** The dialog in which an action is filled in or confirmed. */
export class ActionDialog {
  #dialog = byId("dialog", "action");
  #form = byId("form", "action-form");
  #title = byId("h2", "action-title");
  #text = byId("p", "action-text");
  #error = byId("p", "action-error");
  #button = byId("button", "action-confirm");
  /** @type {Action | null} */
  #action = null;
  #focusAfter = () => {};
  /** Whether it is being done. */
  #busy = false;

  constructor() {
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#submit();
    });
    this.#form.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLTextAreaElement) joinLines(target);
      this.#error.textContent = "";
    });
    this.#form.addEventListener("keydown", event => {
      const { key, isComposing, target } = event;
      if (key !== "Enter" || isComposing || !(target instanceof HTMLTextAreaElement)) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    byId("button", "action-cancel").addEventListener("click", () => this.close());
    this.#dialog.addEventListener("close", () => this.#onClose());
  }

  /** @param {Action} action */
  open(action) {
    this.close();
    this.#action = action;
    this.#focusAfter = action.focusAfter ?? (() => {});
    this.#error.textContent = "";
    this.#setBusy(false);
    this.#title.replaceChildren(...action.title);
    this.#text.textContent = action.text ?? "";
    this.#button.textContent = action.confirm;
    this.#button.classList.toggle("danger", action.danger ?? false);
    for (const field of this.#form.querySelectorAll("[data-field]")) {
      const used = action.fields.some(name => name === field.getAttribute("data-field"));
      if (field instanceof HTMLElement) field.hidden = !used;
    }
    for (const [name, value] of Object.entries(action.values ?? {})) this.#set(name, value);
    this.#dialog.showModal();
    this.#firstField?.focus();
  }

  /** Do it at once, without waiting for the button: the dialog then only says what went wrong. */
  submit() {
    this.#form.requestSubmit();
  }

  close() {
    this.#action = null;
    this.#dialog.close();
  }

  #onClose() {
    this.#form.reset(); // no password may stay in the page behind a closed dialog
    const focused = document.activeElement ?? document.body;
    // The browser takes the focus from what is hidden only a moment later.
    if (focused === document.body || !focused.checkVisibility()) this.#focusAfter();
  }

  /** @returns {HTMLElement | undefined} The first field, or the choice that is made, if any is shown. */
  get #firstField() {
    const fields = this.#form.querySelectorAll("input:not([type=radio]), [type=radio]:checked, textarea");
    return [...fields].filter(field => field instanceof HTMLElement).find(field => field.checkVisibility());
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #set(name, value) {
    for (const field of this.#form.querySelectorAll("input")) {
      if (field.name !== name) continue;
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
  }

  /** A button that is disabled would lose the focus. @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#button.ariaDisabled = String(busy);
  }

  async #submit() {
    const action = this.#action;
    if (!action || this.#busy) return;
    this.#setBusy(true);
    const problem = await action.run(new FormData(this.#form));
    if (action !== this.#action) return; // closed meanwhile
    this.#setBusy(false);
    if (problem) {
      this.#error.textContent = problem;
      this.#firstField?.focus();
    } else {
      this.close();
    }
  }
}

/**
 * Replace line breaks by spaces, as the room would.
 * @param {HTMLTextAreaElement} field
 */
function joinLines(field) {
  const { value, selectionStart, selectionEnd } = field;
  if (!value.includes("\n")) return;
  field.value = value.replaceAll("\n", " ");
  field.setSelectionRange(selectionStart, selectionEnd);
}
