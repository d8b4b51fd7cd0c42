/**
 * An emoji with its name, and the words by which it is found.
 * @typedef {{emoji: string, name: string, names: string[], words: string[]}} Emoji
 */

/** Parts of a query and of a name. */
const WORD = /[\p{L}\p{M}\p{N}+-]+/gu;
const CYRILLIC = /\p{Script=Cyrillic}/u;

/**
 * @param {string} list     Lines of an emoji and its names, in all languages: chat_protocol/emoji.txt.
 * @param {string} locale
 * @returns {Emoji[]} Those that have names, each named in this language, if it has such a name.
 */
export function readEmoji(list, locale) {
  const isRussian = locale.startsWith("ru");
  return list
    .split("\n")
    .filter(line => !line.startsWith("# "))
    .flatMap(line => {
      const [emoji = "", ...names] = line.split(" ");
      const name = names.find(each => CYRILLIC.test(each) === isRussian) ?? names[0];
      if (!name) return [];
      return [{ emoji, name: name.replaceAll("_", " "), names, words: names.flatMap(wordsOf) }];
    });
}

/**
 * Find emoji by the beginnings of the words in their names, or by a name like `:+1:`.
 * @param {Emoji[]} all
 * @param {string} query  Not blank.
 * @returns {Emoji[]} Those with just this name first, then those that begin with it.
 */
export function findEmoji(all, query) {
  const typed = query.trim().toLowerCase();
  const terms = wordsOf(typed);
  const name = typed.replace(/^:|:$/g, "").replace(/\s+/g, "_");
  const rank = (/** @type {Emoji} */ { emoji, names }) => {
    if (emoji === typed || names.includes(name)) return 0;
    return names.some(each => each.startsWith(name)) ? 1 : 2;
  };
  return all
    .filter(
      ({ emoji, names, words }) =>
        emoji === typed ||
        names.includes(name) ||
        (terms.length > 0 && terms.every(term => words.some(word => word.startsWith(term)))),
    )
    .map(each => ({ each, at: rank(each) }))
    .sort((one, other) => one.at - other.at)
    .map(({ each }) => each);
}

/** @param {string} text @returns {string[]} */
function wordsOf(text) {
  return text.toLowerCase().replaceAll("ё", "е").replaceAll("_", " ").match(WORD) ?? [];
}
