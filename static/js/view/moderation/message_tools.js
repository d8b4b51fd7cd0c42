import { byId, part } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/room.js").Room} Room */

/** What may be deleted: what people said, and what was announced. */
const DELETABLE = ".message[data-id], .announced[data-id]";

/** What a moderator can do about a message: one button, which goes to the message that is pointed at. */
export class MessageTools {
  /** A message is to be deleted; with its number. @type {Signal<number>} */
  asked = new Signal();

  #list = byId("ol", "messages");
  #button = byId("button", "delete-button");
  #moderation;
  #words;

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor({ moderation }, words) {
    this.#moderation = moderation;
    this.#words = words;
    for (const pointed of ["pointerover", "focusin"]) {
      this.#list.addEventListener(pointed, ({ target }) => this.#follow(target));
    }
    this.#list.addEventListener("keydown", ({ key, target }) => {
      if (key === "Delete" && this.#follow(target)) this.#ask();
    });
    this.#button.addEventListener("click", () => this.#ask());
    moderation.changed.on(() => {
      this.#button.remove();
      this.#list.classList.toggle("moderated", moderation.moderator);
    });
  }

  /**
   * @param {EventTarget | null} target
   * @returns {boolean} Whether the button stands at the message of this element.
   */
  #follow(target) {
    const message = target instanceof Element ? target.closest(DELETABLE) : null;
    if (!this.#moderation.moderator || !(message instanceof HTMLElement)) return false;
    // Who has reached the button with the keyboard keeps it.
    if (this.#button.matches(":focus-visible")) return message.contains(this.#button);
    if (message.classList.contains("deleted")) {
      this.#button.remove();
      return false;
    }
    const number = `#${message.dataset.id}`;
    this.#button.ariaLabel = this.#button.title = this.#words.say("message.delete", { number });
    this.#button.hidden = false;
    if (!message.contains(this.#button))
      (message.querySelector(".message-body") ?? message).append(this.#button);
    return true;
  }

  #ask() {
    const message = this.#button.closest("li");
    if (!message) return;
    // The button may be gone when the dialog gives the focus back.
    part(message, "message-number").focus();
    this.asked.emit(Number(message.dataset.id));
  }
}
