import { copyText } from "../../lib/clipboard.js";
import { byId } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { lengthOf, splitAt } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../../model/settings.js").Settings} Settings */
/** @typedef {import("../toast.js").Toast} Toast */

/** Ways in which much text comes at once; what is typed may exceed the limit. */
const PASTING = ["insertFromPaste", "insertFromDrop", "insertFromYank"];

/**
 * The text field of the composer: it grows with its text, Enter sends or begins a line, and what is
 * pasted beyond the limit is kept aside.
 */
export class ComposerField {
  /** The text is to be sent. @type {Signal} */
  submitted = new Signal();
  /** Whether all of the text was pasted at once. */
  pasted = false;

  #view = byId("div", "room");
  #frame = byId("div", "composer-field");
  #text = byId("textarea", "composer-text");
  #transcript = byId("div", "transcript");
  #note = byId("div", "rest");
  #noteText = byId("span", "rest-text");
  #room;
  #settings;
  #i18n;
  #toast;
  /** On a phone, whose keyboard has no Shift+Enter, Enter begins a line unless the reader wants it otherwise. */
  #touch = matchMedia("(pointer: coarse)");
  /** What was pasted beyond the limit. */
  #rest = "";

  /**
   * @param {Room} room
   * @param {Settings} settings
   * @param {I18n} i18n
   * @param {Toast} toast
   */
  constructor(room, settings, i18n, toast) {
    this.#room = room;
    this.#settings = settings;
    this.#i18n = i18n;
    this.#toast = toast;
    this.#touch.addEventListener("change", () => this.#setEnterHint());
    settings.changed.on(() => this.#setEnterHint());
    this.#setEnterHint();
    this.#text.addEventListener("keydown", event => this.#onEnter(event));
    this.#text.addEventListener("keydown", event => this.#onPageKey(event));
    this.#text.addEventListener("beforeinput", event => {
      this.pasted = PASTING.includes(event.inputType) && this.#isAllSelected;
      this.#limitPaste(event);
    });
    for (const type of ["focus", "blur"]) {
      this.#text.addEventListener(type, () => this.#view.classList.toggle("writing", type === "focus"));
    }
    byId("button", "rest-copy").addEventListener("click", () => this.#copyRest());
    byId("button", "rest-close").addEventListener("click", () => this.#setRest(""));
  }

  /** Empty it, and forget what is kept aside: another person may come. */
  clear() {
    this.#text.value = "";
    this.pasted = false;
    this.#setRest("");
  }

  get #isAllSelected() {
    const { value, selectionStart, selectionEnd } = this.#text;
    return selectionStart === 0 && selectionEnd === value.length;
  }

  /** Adapt the height to the text: the style sheet measures a copy of it. */
  resize() {
    this.#frame.dataset.text = this.#text.value;
  }

  get #enterSends() {
    const wanted = this.#settings.get("enter");
    return wanted === "auto" ? !this.#touch.matches : wanted === "send";
  }

  #setEnterHint() {
    this.#text.enterKeyHint = this.#enterSends ? "send" : "enter";
  }

  /** @param {KeyboardEvent} event */
  #onEnter(event) {
    // In an input method Enter chooses a word; Safari marks that with key code 229 only.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (!this.#enterSends && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.submitted.emit();
  }

  /**
   * Page Up and Page Down scroll the conversation, unless the text itself can be scrolled.
   * @param {KeyboardEvent} event
   */
  #onPageKey(event) {
    const direction = { PageUp: -1, PageDown: 1 }[event.key];
    const { scrollHeight, clientHeight } = this.#text;
    if (!direction || event.shiftKey || event.ctrlKey || scrollHeight > clientHeight + 1) return;
    event.preventDefault();
    this.#transcript.scrollBy({ top: direction * 0.9 * this.#transcript.clientHeight });
  }

  /**
   * Insert as much of a pasted text as a message can have. Browsers take seconds to show a huge one.
   * @param {InputEvent} event
   */
  #limitPaste(event) {
    if (!PASTING.includes(event.inputType)) return;
    const pasted = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
    const { value, selectionStart: start, selectionEnd: end } = this.#text;
    const left = this.#room.limits.text - lengthOf(value) + lengthOf(value.slice(start, end));
    if (pasted.length <= left) return;
    const [head, rest] = splitAt(pasted.replaceAll("\r\n", "\n"), Math.max(0, left));
    if (rest === "") return;
    event.preventDefault();
    // Not `execCommand`, which could be undone: it takes seconds for a thousand lines.
    this.#text.setRangeText(head, start, end, "end");
    this.#text.dispatchEvent(new InputEvent("input", { bubbles: true }));
    this.#setRest(rest);
  }

  /** @param {string} rest */
  #setRest(rest) {
    this.#rest = rest;
    this.#note.hidden = rest === "";
    const count = this.#room.limits.text;
    this.#noteText.textContent = rest ? this.#i18n.t("composer.rest", { count }) : "";
  }

  async #copyRest() {
    if (!(await copyText(this.#rest))) return;
    this.#setRest("");
    this.#toast.show(this.#i18n.t("composer.rest.copied"));
    this.#text.focus();
  }
}
