/**
 * A part of an excerpt; marked where it matches the query.
 * @typedef {{text: string, marked: boolean}} Piece
 */

/** Approximate length of an excerpt, and how much of it comes before the first match, in characters. */
const LENGTH = 220;
const BEFORE = 40;

const WORD = /[\p{L}\p{N}]+/gu;

/**
 * @param {string} query
 * @returns {string[]} Its words, folded as the room folds them to compare.
 */
export function termsOf(query) {
  return (query.match(WORD) ?? []).map(fold);
}

/**
 * Cut out the part of a text around the first match.
 * @param {string} text
 * @param {string} query
 * @returns {Piece[]} One line; the beginnings of words that match the query are marked.
 */
export function excerpt(text, query) {
  const line = text.replace(/\s+/g, " ").trim();
  const terms = termsOf(query);
  const words = Array.from(line.matchAll(WORD), ({ 0: word, index }) => ({ word, from: index }));
  const marks = words.flatMap(({ word, from }) => {
    const length = matchLength(word, terms);
    return length > 0 ? [{ from, to: from + length }] : [];
  });
  const first = marks[0]?.from ?? 0;
  const start = first <= BEFORE ? 0 : (words.find(({ from }) => from >= first - BEFORE)?.from ?? first);
  const end = excerptEnd(line, start);

  /** @type {Piece[]} */
  const pieces = [];
  const add = (/** @type {string} */ part, marked = false) => {
    if (part) pieces.push({ text: part, marked });
  };
  let done = start;
  add(start > 0 ? "… " : "");
  for (const { from, to } of marks) {
    if (from >= end) break;
    add(line.slice(done, from));
    done = Math.min(to, end);
    add(line.slice(from, done), true);
  }
  add(line.slice(done, end));
  add(end < line.length ? " …" : "");
  return pieces;
}

/**
 * Fold case letter by letter: one letter may become two, and a final sigma must not differ.
 * @param {string} text
 */
function fold(text) {
  return Array.from(text, letter => letter.toUpperCase().toLowerCase())
    .join("")
    .replaceAll("ё", "е");
}

/**
 * @param {string} word
 * @param {string[]} terms
 * @returns {number} How many characters of the word the longest matching term covers.
 */
function matchLength(word, terms) {
  const folded = fold(word);
  const longest = Math.max(0, ...terms.filter(term => folded.startsWith(term)).map(term => term.length));
  let [length, compared] = [0, 0];
  for (const letter of word) {
    if (compared >= longest) break;
    compared += fold(letter).length;
    length += letter.length;
  }
  return length;
}

/**
 * @param {string} line
 * @param {number} start
 * @returns {number} Where an excerpt that starts there ends: at a space, if one is near.
 */
function excerptEnd(line, start) {
  if (line.length - start <= LENGTH) return line.length;
  const space = line.lastIndexOf(" ", start + LENGTH);
  if (space > start + LENGTH / 2) return space;
  const splitsLetter = /[\uDC00-\uDFFF]/.test(line.charAt(start + LENGTH));
  return start + LENGTH - (splitsLetter ? 1 : 0);
}
