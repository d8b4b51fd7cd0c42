import { byId } from "../lib/dom.js";
import { write } from "../lib/storage.js";
import { isBlank, lengthOf } from "../lib/text.js";
import { ComposerField } from "./composer_field.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../lib/storage.js").Store} Store */
/** @typedef {import("./toast.js").Toast} Toast */

const DRAFT_KEY = "oneroom.draft";
/** The remaining characters are shown when there are no more than this. */
const COUNT_BELOW = 200;

/** The field for new messages. It works without a connection too: messages then wait in the outbox. */
export class Composer {
  #form = byId("form", "composer");
  #text = byId("textarea", "composer-text");
  #count = byId("output", "composer-count");
  #send = byId("button", "send-button");
  #room;
  #store;
  #field;

  /**
   * @param {Room} room
   * @param {Store} store  Keeps the draft over a reload.
   * @param {I18n} i18n
   * @param {Toast} toast
   * @param {() => void} onSent
   */
  constructor(room, store, i18n, toast, onSent) {
    this.#room = room;
    this.#store = store;
    this.#field = new ComposerField(room, i18n, toast);
    this.#text.value = store.getItem(DRAFT_KEY) ?? "";
    this.#text.addEventListener("input", () => {
      this.#storeDraft();
      this.#refresh();
      if (!isBlank(this.#text.value)) room.notifyTyping();
    });
    this.#field.submitted.on(() => this.#form.requestSubmit());
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      if (this.#submit()) onSent();
      this.#text.focus();
    });
    // A phone's keyboard stays open if the button does not take the focus.
    this.#send.addEventListener("pointerdown", event => event.preventDefault());
    room.entered.on(() => this.#refresh());
  }

  /** Focus the field, except on a phone, where the keyboard would cover the messages. */
  focus() {
    this.#refresh();
    if (matchMedia("(hover: hover)").matches) this.#text.focus({ preventScroll: true });
  }

  /** @returns {boolean} Whether there was a message to send. */
  #submit() {
    const text = this.#text.value.trimEnd();
    if (isBlank(text) || !this.#fits(text)) return false;
    this.#room.say(text);
    this.#text.value = "";
    this.#storeDraft();
    this.#refresh();
    return true;
  }

  #storeDraft() {
    const draft = this.#text.value;
    if (draft) write(this.#store, DRAFT_KEY, draft);
    else this.#store.removeItem(DRAFT_KEY);
  }

  #refresh() {
    const text = this.#text.value.trimEnd();
    this.#field.resize();
    const left = this.#room.limits.text - lengthOf(text);
    this.#count.hidden = left > COUNT_BELOW;
    this.#count.value = String(left);
    this.#count.classList.toggle("over", left < 0);
    this.#send.disabled = isBlank(text) || !this.#fits(text);
  }

  /** @param {string} text */
  #fits(text) {
    const { text: limit, line } = this.#room.limits;
    return lengthOf(text) <= limit && new TextEncoder().encode(JSON.stringify(text)).length < line - 200;
  }
}
