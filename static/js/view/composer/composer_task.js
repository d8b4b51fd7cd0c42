import { setColour } from "../../lib/avatar.js";
import { byId, make } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { clean } from "../../lib/text.js";
import { oneLine } from "../transcript/quote_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/acts.js").Target} Target */

/**
 * What the composer does besides saying something new: it answers the message with this id, or changes the text of
 * one's own.
 * @typedef {{kind: "reply", id: number, name: string, excerpt: string, deleted?: boolean}} ReplyTask
 * @typedef {{kind: "edit", target: Target, text: string}} EditTask
 */

/** The bar above the text field that says what the composer does, and has the button to cancel that. */
export class ComposerTask {
  /** It was cancelled. @type {Signal<ReplyTask | EditTask>} */
  cancelled = new Signal();
  /** @type {ReplyTask | EditTask | null} */
  current = null;

  #form = byId("form", "composer");
  #bar = byId("div", "composer-task");
  #text = byId("p", "composer-task-text");
  #i18n;

  /** @param {I18n} i18n */
  constructor(i18n) {
    this.#i18n = i18n;
    const close = byId("button", "composer-task-close");
    close.addEventListener("pointerdown", event => event.preventDefault()); // the field keeps the focus
    close.addEventListener("click", () => this.cancel());
    byId("textarea", "composer-text").addEventListener("keydown", event => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || !this.current) return;
      event.preventDefault();
      event.stopPropagation();
      this.cancel();
    });
  }

  /** @param {ReplyTask | EditTask} task */
  begin(task) {
    this.current = task;
    this.#show(...(task.kind === "reply" ? this.#describeReply(task) : this.#describeEdit(task)));
  }

  end() {
    this.current = null;
    this.#show();
  }

  cancel() {
    const task = this.current;
    this.end();
    if (task) this.cancelled.emit(task);
  }

  /** @param {(Node | string)[]} words  Of the bar; without any it is hidden. */
  #show(...words) {
    this.#text.replaceChildren(...words);
    this.#bar.hidden = words.length === 0;
    this.#form.classList.toggle("busy", words.length > 0);
  }

  /** @param {ReplyTask} task */
  #describeReply({ name, excerpt, deleted }) {
    const author = make("bdi", "quote-author", clean(name));
    setColour(author, clean(name));
    const text = deleted ? make("i", "", this.#i18n.t("message.deleted")) : make("bdi", "", oneLine(excerpt));
    return [this.#i18n.t("composer.replying"), " ", author, " ", text];
  }

  /** @param {EditTask} task */
  #describeEdit({ target }) {
    const number = typeof target === "number" ? ` #${target}` : "";
    return [make("b", "", this.#i18n.t("composer.editing")), number];
  }
}
