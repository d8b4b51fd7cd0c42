import { byId } from "../lib/dom.js";
import { write } from "../lib/storage.js";
import { isBlank, lengthOf } from "../lib/text.js";

/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../lib/storage.js").Store} Store */

const DRAFT_KEY = "oneroom.draft";
/** Characters left from which on they are counted. */
const COUNTED = 200;

/** Where one writes. Works without a connection too: what is said then waits in the outbox. */
export class Composer {
  #form = byId("form", "composer");
  #text = byId("textarea", "composer-text");
  #count = byId("output", "composer-count");
  #send = byId("button", "send-button");
  #room;
  #store;

  /**
   * @param {Room} room
   * @param {Store} store  Where the draft outlives a reload.
   * @param {() => void} said  Called after something was said.
   */
  constructor(room, store, said) {
    this.#room = room;
    this.#store = store;
    this.#text.value = store.getItem(DRAFT_KEY) ?? "";
    this.#text.addEventListener("input", () => {
      this.#keepDraft();
      this.#refresh();
      if (!isBlank(this.#text.value)) room.type();
    });
    this.#text.addEventListener("keydown", event => {
      // While an input method composes, Enter chooses a word; Safari tells it by 229 alone.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      if (this.#say()) said();
      this.#text.focus();
    });
    // Keeps the keyboard of a phone open, which a button that takes the focus would close.
    this.#send.addEventListener("pointerdown", event => event.preventDefault());
    room.entered.on(() => this.#refresh());
  }

  /** Begin to write, unless that would cover a phone's screen with its keyboard. */
  focus() {
    this.#refresh();
    if (matchMedia("(hover: hover)").matches) this.#text.focus({ preventScroll: true });
  }

  /** @returns {boolean} Whether there was something to say. */
  #say() {
    const text = this.#text.value.trimEnd();
    if (isBlank(text) || !this.#fits(text)) return false;
    this.#room.say(text);
    this.#text.value = "";
    this.#keepDraft();
    this.#refresh();
    return true;
  }

  #keepDraft() {
    const draft = this.#text.value;
    if (draft) write(this.#store, DRAFT_KEY, draft);
    else this.#store.removeItem(DRAFT_KEY);
  }

  #refresh() {
    const text = this.#text.value.trimEnd();
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    const left = this.#room.limits.text - lengthOf(text);
    this.#count.hidden = left > COUNTED;
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
