import { byId, make, textWithBdi } from "../lib/dom.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/members.js").Members} Members */

/** Most people named; of more than these only the number is shown. */
const MAX_NAMED = 3;

/** The line above the composer that says who is typing. */
export class TypingNote {
  #line = byId("p", "typing");

  /**
   * @param {Members} members
   * @param {I18n} i18n
   */
  constructor(members, i18n) {
    members.changed.on(() => {
      this.#line.replaceChildren(...describe(members.typing.map(clean), i18n));
    });
  }
}

/**
 * @param {string[]} names
 * @param {I18n} i18n
 * @returns {(Node | string)[]}
 */
function describe(names, i18n) {
  if (names.length === 0) return [];
  if (names.length > MAX_NAMED) return [i18n.t("typing.many", { count: names.length })];
  const list = i18n.list(names).map(({ text, isWord }) => (isWord ? make("bdi", "", text) : text));
  return textWithBdi(i18n, names.length === 1 ? "typing.one" : "typing.several", { names: list });
}
