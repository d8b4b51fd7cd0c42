import { byId } from "../lib/dom.js";
import { isBlank, lengthOf } from "../lib/text.js";
import { ComposerField } from "./composer_field.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/drafts.js").Drafts} Drafts */
/** @typedef {import("./toast.js").Toast} Toast */

/** A longer draft is cut when it is stored: so many times the limit of a text. */
const DRAFT_TEXTS = 4;
/** The remaining characters are shown when there are no more than this. */
const COUNT_BELOW = 200;

/** The field for new messages. It works without a connection too: messages then wait in the outbox. */
export class Composer {
  #form = byId("form", "composer");
  #text = byId("textarea", "composer-text");
  #count = byId("output", "composer-count");
  #send = byId("button", "send-button");
  #room;
  #drafts;
  #field;
  /** The identity that writes here; null outside the room. @type {string | null} */
  #owner = null;

  /**
   * @param {Room} room
   * @param {Drafts} drafts
   * @param {I18n} i18n
   * @param {Toast} toast
   * @param {() => void} onSent
   */
  constructor(room, drafts, i18n, toast, onSent) {
    this.#room = room;
    this.#drafts = drafts;
    this.#field = new ComposerField(room, i18n, toast);
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
    room.entered.on(() => this.#showDraft());
    room.left.on(() => this.#clear());
    room.refused.on(({ code }) => {
      if (code === "banned") this.#clear();
    });
    if (room.session.name) this.#showDraft();
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

  /** Show the draft of who has come into the room. What the same person is writing stays. */
  async #showDraft() {
    const { id } = this.#room.session;
    if (id !== this.#owner) {
      this.#clear();
      this.#owner = id;
      this.#text.value = this.#drafts.read(id);
      this.#refresh();
      const left = await this.#drafts.takeUp(id, () => this.#owner === id && !this.#text.value);
      if (left) this.#text.value = left;
    }
    this.#refresh();
  }

  #clear() {
    this.#owner = null;
    this.#field.clear();
  }

  #storeDraft() {
    if (this.#owner === null) return;
    const draft = this.#text.value.slice(0, DRAFT_TEXTS * this.#room.limits.text);
    this.#drafts.write(this.#owner, draft.replace(/[\ud800-\udbff]$/, "")); // half a character
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
