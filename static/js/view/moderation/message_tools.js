import { byClass, byId } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */

/** Messages that can be deleted: those of people, and announcements. */
const DELETABLE = ".message[data-id], .announced[data-id]";

/** The moderators' button that deletes a message. There is one; it moves to the message pointed at. */
export class MessageTools {
  /** A moderator wants to delete the message with this number. @type {Signal<number>} */
  deleteRequested = new Signal();

  #list = byId("ol", "messages");
  #button = byId("button", "delete-button");
  #moderation;
  #i18n;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor({ moderation }, i18n) {
    this.#moderation = moderation;
    this.#i18n = i18n;
    for (const type of ["pointerover", "focusin"]) {
      this.#list.addEventListener(type, ({ target }) => this.#moveButton(target));
    }
    this.#list.addEventListener("keydown", ({ key, target }) => {
      if (key === "Delete" && this.#moveButton(target)) this.#requestDelete();
    });
    this.#button.addEventListener("click", () => this.#requestDelete());
    moderation.changed.on(() => this.#show());
    this.#show();
  }

  #show() {
    this.#button.remove();
    this.#list.classList.toggle("moderated", this.#moderation.moderator);
  }

  /**
   * @param {EventTarget | null} target
   * @returns {boolean} Whether the button is at the message of this element now.
   */
  #moveButton(target) {
    const message = target instanceof Element ? target.closest(DELETABLE) : null;
    if (!this.#moderation.moderator || !(message instanceof HTMLElement)) return false;
    // What was reached with the keyboard keeps the button, wherever the pointer rests.
    const focused = this.#list.querySelector(":focus-visible");
    if (focused && !message.contains(focused)) return false;
    if (message.classList.contains("deleted")) {
      this.#button.remove();
      return false;
    }
    const number = `#${message.dataset.id}`;
    this.#button.ariaLabel = this.#button.title = this.#i18n.t("message.delete", { number });
    this.#button.hidden = false;
    if (!message.contains(this.#button)) message.append(this.#button);
    return true;
  }

  #requestDelete() {
    const message = this.#button.closest("li");
    if (!message) return;
    // The dialog gives the focus back to this, as the button may be gone by then.
    byClass(message, "message-number").focus();
    this.deleteRequested.emit(Number(message.dataset.id));
  }
}
