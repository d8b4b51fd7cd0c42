import { byId } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/protocol.js").RefusalFields} RefusalFields */
/** @typedef {import("../../model/protocol.js").RoomEvent} RoomEvent */

/**
 * @typedef {object} Deed
 * @property {(Node | string)[]} title
 * @property {string} [words]        What it means.
 * @property {("password" | "announcement" | "seconds" | "reason")[]} fields
 * @property {string} confirm        What the button says that does it.
 * @property {boolean} [grave]       Whether it takes something from somebody.
 * @property {(data: FormData) => Promise<RoomEvent>} act  Does it; resolves to the room's answer.
 */

/** Where a moderator says what exactly, or just that it is meant, before it is done. */
export class DeedDialog {
  #dialog = byId("dialog", "deed");
  #form = byId("form", "deed-form");
  #title = byId("h2", "deed-title");
  #text = byId("p", "deed-words");
  #error = byId("p", "deed-error");
  #button = byId("button", "deed-do");
  #words;
  /** @type {Deed | null} */
  #deed = null;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#do();
    });
    this.#form.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLTextAreaElement) flatten(target);
      this.#show("");
    });
    this.#form.addEventListener("keydown", event => {
      const { key, isComposing, target } = event;
      if (key !== "Enter" || isComposing || !(target instanceof HTMLTextAreaElement)) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    byId("button", "deed-cancel").addEventListener("click", () => this.close());
    // No password stays in the page behind a closed dialog.
    this.#dialog.addEventListener("close", () => this.#form.reset());
  }

  /** @param {Deed} deed */
  open(deed) {
    this.close();
    this.#deed = deed;
    this.#show("");
    this.#button.disabled = false;
    this.#title.replaceChildren(...deed.title);
    this.#text.textContent = deed.words ?? "";
    this.#button.textContent = deed.confirm;
    this.#button.classList.toggle("grave", deed.grave ?? false);
    for (const field of this.#form.querySelectorAll("[data-field]")) {
      const wanted = deed.fields.some(name => name === field.getAttribute("data-field"));
      if (field instanceof HTMLElement) field.hidden = !wanted;
    }
    this.#dialog.showModal();
    this.#firstField?.focus();
  }

  close() {
    this.#deed = null;
    this.#dialog.close();
  }

  /** @returns {HTMLElement | undefined} What to write in; nothing where it need only be confirmed. */
  get #firstField() {
    const fields = this.#form.querySelectorAll("input, textarea");
    return [...fields].filter(field => field instanceof HTMLElement).find(field => field.checkVisibility());
  }

  async #do() {
    const deed = this.#deed;
    if (!deed || this.#button.disabled) return;
    this.#button.disabled = true;
    const answer = await deed.act(new FormData(this.#form));
    if (deed !== this.#deed) return; // closed meanwhile
    this.#button.disabled = false;
    if (answer.type === "error") {
      this.#show(explain(this.#words, answer));
      this.#firstField?.focus();
    } else {
      this.close();
    }
  }

  /** @param {string} error  Or "" for none. */
  #show(error) {
    this.#error.textContent = error;
  }
}

/**
 * Make one line of what was written: the room would anyway.
 * @param {HTMLTextAreaElement} field
 */
function flatten(field) {
  const { value, selectionStart, selectionEnd } = field;
  if (!value.includes("\n")) return;
  field.value = value.replaceAll("\n", " ");
  field.setSelectionRange(selectionStart, selectionEnd);
}

/**
 * @param {FormData} data  With `seconds` and `reason`.
 * @returns For how long, undefined for good, and why.
 */
export function sentenceOf(data) {
  return { seconds: Number(data.get("seconds")) || undefined, text: String(data.get("reason")).trim() };
}

/**
 * @param {Words} words
 * @param {RefusalFields} refusal
 * @returns {string} Why a moderator's wish was not done.
 */
export function explain(words, { code, retry_after = 1, target = "" }) {
  const key = `deed.${code}`;
  const values = { target: clean(target), count: Math.ceil(retry_after) };
  return words.has(key) ? words.say(key, values) : words.error(code, values);
}
