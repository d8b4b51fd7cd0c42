/**
 * A part of a text: plain, a link, or the number of a message.
 * @typedef {{kind: "plain", text: string}} PlainToken
 * @typedef {{kind: "link", text: string, href: string}} LinkToken
 * @typedef {{kind: "number", text: string, id: number}} NumberToken
 * @typedef {PlainToken | LinkToken | NumberToken} Token
 */

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

// A host of more than 300 characters is no link: some browsers take quadratic time to parse it.
const TOKEN =
  /(?<link>\bhttps?:\/\/(?![^\s/?#\\]{301})[^\s<>"«»]+)|(?<![\p{L}\p{N}_&/#])#(?<number>[1-9]\d{0,14})(?![\p{L}\p{N}_])/giu;

const FEW_EMOJI =
  /^(?:(?:\p{RI}\p{RI}|\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*)\s*){1,4}$/u;

// Two code points that belong to one letter or emoji.
const JOINED = /^.[\p{M}\p{EMod}\u200d]$|^\u200d/su;
/** Code points of a letter or emoji that is not split. */
const LONGEST_LETTER = 16;

/** Letters of the scripts that are written from right to left. */
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** @type {[string, string][]} */
const BRACKETS = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
];

/**
 * @param {string} text
 * @returns {string} Without escape sequences, what a CR lets the rest of its line overwrite, and
 *   unprintable characters; CRLF becomes LF.
 */
export function clean(text) {
  const lines = text.replace(ESCAPE_SEQUENCES, "").replace(/\r\n/g, "\n");
  return (lines.includes("\r") ? lines.split("\n").map(lastState).join("\n") : lines).replace(
    UNPRINTABLE,
    "",
  );
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

/**
 * @param {string} text
 * @returns {boolean} Whether its last line is written from right to left: its first letter decides.
 */
export function endsRtl(text) {
  const [letter = ""] = /[\p{L}\p{Nl}]/u.exec(text.slice(text.lastIndexOf("\n") + 1)) ?? [];
  return RTL.test(letter);
}

/**
 * Find the links (http and https only) and message numbers in a text.
 * @param {string} text
 * @returns {Token[]} Joined, their texts are the whole text.
 */
export function tokenize(text) {
  /** @type {Token[]} */
  const tokens = [];
  let done = 0;
  const add = (/** @type {Token} */ token, /** @type {number} */ at) => {
    if (at > done) tokens.push({ kind: "plain", text: text.slice(done, at) });
    tokens.push(token);
    done = at + token.text.length;
  };
  for (const match of text.matchAll(TOKEN)) {
    if (match.groups?.number) {
      add({ kind: "number", text: match[0], id: Number(match.groups.number) }, match.index);
      continue;
    }
    const link = trimPunctuation(match[0]);
    if (URL.canParse(link)) add({ kind: "link", text: link, href: new URL(link).href }, match.index);
  }
  if (done < text.length) tokens.push({ kind: "plain", text: text.slice(done) });
  return tokens;
}

/**
 * Cut off punctuation that ends the sentence, not the link, and closing brackets that nothing opens.
 * @param {string} link
 */
function trimPunctuation(link) {
  const balance = new Map(
    BRACKETS.map(([open, close]) => [close, link.split(open).length - link.split(close).length]),
  );
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1] ?? "";
    const opened = balance.get(last);
    if (opened === undefined ? !/[.,:;!?'*_…”’]/u.test(last) : opened >= 0) break;
    if (opened !== undefined) balance.set(last, opened + 1);
  }
  return link.slice(0, end);
}
