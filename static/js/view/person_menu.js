import { clean } from "../lib/text.js";
import { Menu } from "./menu.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("./menu.js").MenuItem} MenuItem */
/** @typedef {import("../model/ignored.js").Ignored} Ignored */
/** @typedef {import("./people.js").People} People */

/** What can be done about a person in the list of people; moderators can do more. */
export class PersonMenu {
  #menu = new Menu();

  /**
   * @param {People} people
   * @param {Ignored} ignored
   * @param {I18n} i18n
   * @param {{mention: (name: string) => void, moderate: (name: string) => MenuItem[]}} acts
   */
  constructor(people, ignored, i18n, { mention, moderate }) {
    people.menuRequested.on(({ name, button }) => {
      const hide = ignored.has(name) ? "person.unhide" : "person.hide";
      this.#menu.open(button, i18n.t("people.more", { name: clean(name) }), [
        { label: i18n.t("person.mention"), run: () => mention(name) },
        { label: i18n.t(hide), run: () => ignored.toggle(name) },
        ...moderate(name),
      ]);
    });
  }

  close() {
    this.#menu.close();
  }
}
