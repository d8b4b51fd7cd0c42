import { setColour } from "../../lib/avatar.js";
import { byId, make } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { clean } from "../../lib/text.js";
import { oneLine } from "../transcript/quote_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/drafts.js").EditTask} EditTask */
/** @typedef {import("../../model/drafts.js").ReplyTask} ReplyTask */
/** @typedef {import("../../model/room.js").Room} Room */

/** The bar above the text field that says what is done with a message, and has the button to cancel that. */
export class ComposerTask {
  /** It is another one, or none. @type {Signal} */
  changed = new Signal();
  /** It was cancelled. @type {Signal<ReplyTask | EditTask>} */
  cancelled = new Signal();
  /** The message that was edited is gone, for this reason. @type {Signal<string>} */
  lost = new Signal();
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

  /** The message may be gone meanwhile: what is written is then said without it. Or it has its id. @param {Room} room */
  follow({ acts, timeline }) {
    const task = this.current;
    if (!task || (task.kind === "reply" && task.gone)) return;
    const message = acts.find(task.kind === "reply" ? task.id : task.target);
    const isForeign = task.epoch !== "" && timeline.epoch !== "" && task.epoch !== timeline.epoch;
    const id = message && "id" in message ? message.id : null;
    if (isForeign || message?.deleted) {
      if (task.kind === "edit")
        this.lost.emit(this.#i18n.t(isForeign ? "act.error.new_log" : "error.is_deleted"));
      else if (isForeign)
        this.begin({ ...task, gone: this.#i18n.t("quote.gone", { number: `#${task.id}` }) });
      else this.begin({ ...task, gone: this.#i18n.t("message.deleted") });
    } else if (task.kind === "edit" && id !== null && id !== task.target) {
      this.begin({ ...task, target: id, epoch: timeline.epoch });
    }
  }

  /** @param {(Node | string)[]} words  Of the bar; without any it is hidden. */
  #show(...words) {
    this.#text.replaceChildren(...words);
    this.#bar.hidden = words.length === 0;
    this.#form.classList.toggle("busy", words.length > 0);
    this.changed.emit();
  }

  /** @param {ReplyTask} task */
  #describeReply({ name, excerpt, gone }) {
    const author = make("bdi", "quote-author", clean(name));
    setColour(author, clean(name));
    const text = gone ? make("i", "", gone) : make("bdi", "", oneLine(excerpt));
    return [this.#i18n.t("composer.replying"), " ", author, " ", text];
  }

  /** @param {EditTask} task */
  #describeEdit({ target }) {
    const number = typeof target === "number" ? ` #${target}` : "";
    return [make("b", "", this.#i18n.t("composer.editing")), number];
  }
}
