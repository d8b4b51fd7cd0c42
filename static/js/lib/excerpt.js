/**
 * A part of an excerpt.
 * @typedef {{text: string, marked: boolean}} Piece
 */

/** Characters of an excerpt, about, and how many of them come before what was found. */
const LENGTH = 220;
const BEFORE = 40;

const WORD = /[\p{L}\p{N}]+/gu;

/**
 * @param {string} query
 * @returns {string[]} Its words in the form in which the room compares them.
 */
export function termsOf(query) {
  return (query.match(WORD) ?? []).map(fold);
}

/**
 * The part of a text around what was searched for.
 *
 * @param {string} text
 * @param {string} query
 * @returns {Piece[]} On one line; the beginnings of words that the query names are marked.
 */
export function excerpt(text, query) {
  const line = text.replace(/\s+/g, " ").trim();
  const terms = termsOf(query);
  const words = Array.from(line.matchAll(WORD), ({ 0: word, index }) => ({ word, from: index }));
  const marks = words.flatMap(({ word, from }) => {
    const length = reach(word, terms);
    return length > 0 ? [{ from, to: from + length }] : [];
  });
  const first = marks[0]?.from ?? 0;
  const start = first <= BEFORE ? 0 : (words.find(({ from }) => from >= first - BEFORE)?.from ?? first);
  const end = endOf(line, start);

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
 * Letter by letter, because a letter may become two, and the end of a word matters to none.
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
 * @returns {number} The length of the longest beginning of the word that is one of the terms.
 */
function reach(word, terms) {
  const folded = fold(word);
  const wanted = Math.max(0, ...terms.filter(term => folded.startsWith(term)).map(term => term.length));
  let [length, compared] = [0, 0];
  for (const letter of word) {
    if (compared >= wanted) break;
    compared += fold(letter).length;
    length += letter.length;
  }
  return length;
}

/**
 * @param {string} line
 * @param {number} start
 * @returns {number} Where an excerpt that starts there ends: between words, if there is a space.
 */
function endOf(line, start) {
  if (line.length - start <= LENGTH) return line.length;
  const space = line.lastIndexOf(" ", start + LENGTH);
  if (space > start + LENGTH / 2) return space;
  const inLetter = /[\uDC00-\uDFFF]/.test(line.charAt(start + LENGTH));
  return start + LENGTH - (inLetter ? 1 : 0);
}
