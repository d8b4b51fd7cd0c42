import { byId } from "../../lib/dom.js";
import { clean, isBlank } from "../../lib/text.js";
import { explain, topicProblem } from "./forms.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../people.js").People} People */

/** Lets moderators change the topic where it stands. An empty one clears it. */
export class TopicEditor {
  #section = byId("section", "topic");
  #edit = byId("button", "topic-edit");
  #open = byId("button", "topic-button");
  #form = byId("form", "topic-form");
  #field = byId("input", "topic-field");
  #error = byId("p", "topic-error");
  #room;
  #i18n;
  #people;
  /** What had the focus before. @type {HTMLElement | null} */
  #opener = null;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {People} people
   */
  constructor(room, i18n, people) {
    this.#room = room;
    this.#i18n = i18n;
    this.#people = people;
    for (const button of [this.#edit, this.#open])
      button.addEventListener("click", () => this.#start(button));
    byId("button", "topic-cancel").addEventListener("click", () => this.#end());
    this.#form.addEventListener("keydown", event => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#end();
    });
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#save();
    });
    for (const signal of [room.topic.changed, room.moderation.changed]) signal.on(() => this.#show());
    room.left.on(() => this.#end());
    this.#show();
  }

  #show() {
    const { moderation, topic, acts } = this.#room;
    const may = moderation.moderator && acts.can("topic");
    if (!may) this.#form.hidden = true;
    this.#edit.hidden = !may;
    this.#open.hidden = !may;
    this.#section.classList.toggle("edited", !this.#form.hidden);
    this.#section.hidden = topic.value === null && this.#form.hidden;
  }

  /** @param {HTMLElement} opener */
  #start(opener) {
    this.#opener = opener;
    this.#people.close();
    this.#field.value = clean(this.#room.topic.value?.text ?? "");
    this.#error.textContent = "";
    this.#form.hidden = false;
    this.#show();
    this.#field.focus();
    this.#field.select();
  }

  #end() {
    if (this.#form.hidden) return;
    const hadFocus = this.#form.contains(document.activeElement);
    this.#form.hidden = true;
    this.#show();
    if (!hadFocus) return;
    if (this.#opener?.checkVisibility()) this.#opener.focus();
    else this.#people.focus();
  }

  async #save() {
    const typed = this.#field.value.trim();
    const text = isBlank(typed) ? "" : typed;
    const { value } = this.#room.topic;
    if (text === (value?.text ?? "")) return this.#end();
    const problem = topicProblem(this.#i18n, text);
    if (problem) return this.#refuse(problem);
    const answer = await this.#room.moderation.moderate({ act: "topic", text });
    if (answer.type === "error") return this.#refuse(explain(this.#i18n, answer));
    this.#end();
  }

  /** @param {string} reason */
  #refuse(reason) {
    this.#error.textContent = reason;
    this.#field.focus();
  }
}
