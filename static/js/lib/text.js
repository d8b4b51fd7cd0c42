/**
 * What a text is made of, once cleaned of what may not be shown.
 *
 * @typedef {{kind: "plain", text: string}} PlainToken
 * @typedef {{kind: "link", text: string, href: string}} LinkToken
 * @typedef {{kind: "number", text: string, id: number}} NumberToken  Refers to a message.
 * @typedef {PlainToken | LinkToken | NumberToken} Token
 */

// Controls but LF and TAB, lone surrogates, private use, separators, and what changes the
// direction of writing. The room drops these too; the page cannot know which room it talks to.
const UNSHOWN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

// No host is longer than 300; and some browsers take time by the square of its length to read one.
const TOKEN =
  /(?<link>\bhttps?:\/\/(?![^\s/?#\\]{301})[^\s<>"«»]+)|(?<![\p{L}\p{N}_&/#])#(?<number>[1-9]\d{0,14})(?![\p{L}\p{N}_])/giu;

const FEW_EMOJI =
  /^(?:(?:\p{RI}\p{RI}|\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*)\s*){1,4}$/u;

/** @type {[string, string][]} */
const BRACKETS = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
];

/**
 * @param {string} text
 * @returns {string} With only what may be shown; CR and CRLF become LF.
 */
export function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(UNSHOWN, "");
}

/**
 * @param {string} text
 * @returns {boolean} Whether nothing of it would be visible.
 */
export function isBlank(text) {
  return /^[\s\p{Cf}\p{Cc}]*$/u.test(text);
}

/**
 * @param {string} text
 * @returns {number} Its code points, as the room counts them.
 */
export function lengthOf(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/**
 * @param {string} text
 * @returns {boolean} Whether it is one to four emoji and nothing else.
 */
export function isEmojiOnly(text) {
  return text.length < 64 && FEW_EMOJI.test(text);
}

/**
 * Find the links (http and https only) and message numbers in a text.
 *
 * @param {string} text
 * @returns {Token[]} Which together are the text.
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
    const link = withoutTail(match[0]);
    if (URL.canParse(link)) add({ kind: "link", text: link, href: new URL(link).href }, match.index);
  }
  if (done < text.length) tokens.push({ kind: "plain", text: text.slice(done) });
  return tokens;
}

/**
 * Cut off what ends the sentence rather than the link; a bracket does that where more close than open.
 * @param {string} link
 */
function withoutTail(link) {
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
