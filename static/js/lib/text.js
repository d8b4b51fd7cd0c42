// Controls except LF and TAB, lone surrogates, private use, separators, and characters that change
// the direction of writing. The room drops them too, but the page does not rely on it.
const UNPRINTABLE =
  /(?![\n\t])[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

// Escape sequences (ECMA-48), as chat_protocol/text.py removes them.
const IN_STRING = String.raw`[^\0-\x07\x0e-\x1f\x7f-\x9f]`;
const ESCAPE_SEQUENCES = new RegExp(
  [
    String.raw`(?:\x9b|\x1b\[)[0-?]*[ -/]*[@-~]?`,
    String.raw`(?:[\x90\x98\x9d-\x9f]|\x1b[\]PX^_])${IN_STRING}*(?:\x07|\x9c|\x1b\\)`,
    String.raw`\x1b[\]PX^_](?:(?!\n)${IN_STRING})*`,
    String.raw`\x1b[NO][ -~]?`,
    String.raw`\x1b[ -/]*[0-~]`,
  ].join("|"),
  "gu",
);

const FEW_EMOJI =
  /^(?:(?:\p{RI}\p{RI}|\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*)\s*){1,4}$/u;

// Two code points that belong to one letter or emoji.
const JOINED = /^.[\p{M}\p{EMod}\u200d]$|^\u200d/su;
/** Code points of a letter or emoji that is not split. */
const LONGEST_LETTER = 16;

/**
 * Clean a text as the room does, so that one's own looks as it does to others.
 * @param {string} text
 * @returns {string} Without escape sequences, what a CR lets the rest of its line overwrite, and
 *   unprintable characters; CRLF becomes LF, and several empty lines in a row become one.
 */
export function clean(text) {
  const lines = text.replace(ESCAPE_SEQUENCES, "").replace(/\r\n/g, "\n");
  return (lines.includes("\r") ? lines.split("\n").map(lastState).join("\n") : lines)
    .replace(UNPRINTABLE, "")
    .replace(/\n{3,}/g, "\n\n");
}

/**
 * @param {string} text
 * @returns {string} It without escape sequences and unprintable characters, with all its empty lines: for the
 *   output of a command.
 */
export function withoutControls(text) {
  return text.replace(ESCAPE_SEQUENCES, "").replace(UNPRINTABLE, "");
}

/** @param {string} line @returns {string} */
function lastState(line) {
  let end = line.length;
  while (line[end - 1] === "\r") end -= 1;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}

/**
 * @param {string} text
 * @returns {boolean} Whether it has no visible character.
 */
export function isBlank(text) {
  return /^[\s\p{Cf}\p{Cc}]*$/u.test(text);
}

/**
 * @param {string} text
 * @returns {number} Its length in code points, as the room counts.
 */
export function lengthOf(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/**
 * Split a text in two, not within a letter and its accents or an emoji of several parts.
 *
 * @param {string} text
 * @param {number} length  Of the first part, in code points; it may be some shorter.
 * @returns {[string, string]}
 */
export function splitAt(text, length) {
  /** @type {string[]} */
  const first = [];
  for (const char of text) {
    if (first.length > length) break;
    first.push(char);
  }
  if (first.length <= length) return [text, ""];
  let end = length;
  while (end > length - LONGEST_LETTER && JOINED.test(first.slice(Math.max(0, end - 1), end + 1).join("")))
    end -= 1;
  const head = first.slice(0, end > length - LONGEST_LETTER ? end : length).join("");
  return [head, text.slice(head.length)];
}

/**
 * @param {string} text
 * @returns {boolean} Whether it is one to four emoji and nothing else.
 */
export function isEmojiOnly(text) {
  return text.length < 64 && FEW_EMOJI.test(text);
}
