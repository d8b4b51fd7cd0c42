import { setColour } from "../../lib/avatar.js";
import { make, permalink } from "../../lib/dom.js";
import { parseMarkdown } from "../../lib/markdown.js";
import { quotedText } from "../../lib/plain_text.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {{id: number, name?: string, excerpt?: string}} Quote */

/**
 * @param {Quote} quote
 * @param {I18n} i18n
 * @returns {HTMLElement} The line above an answer: who said what it answers. It leads there, as long as that is kept.
 */
export function makeQuote({ id, name = "", excerpt = "" }, i18n) {
  if (!name) return make("p", "message-quote gone", i18n.t("quote.gone", { number: `#${id}` }));
  const author = make("bdi", "quote-author", clean(name));
  const text = excerpt ? make("bdi", "", oneLine(excerpt)) : make("i", "", i18n.t("message.deleted"));
  const link = make("a", "message-quote", make("span", "sr-only", i18n.t("quote.label")), author, " ", text);
  setColour(link, clean(name));
  link.href = permalink(id);
  link.tabIndex = -1; // the arrow keys lead to it: see permalinks.js
  return link;
}

/**
 * @param {string} excerpt
 * @returns {string} It without its formatting, of which the end may be cut off.
 */
export function oneLine(excerpt) {
  return quotedText(clean(excerpt).replace(/\s+/gu, " ").trim(), parseMarkdown);
}

/** @param {Quote | undefined} quote @returns {string} Changes whenever its line must be made anew. */
export function versionOf(quote) {
  return quote ? `${quote.id} ${quote.name} ${quote.excerpt}` : "";
}
