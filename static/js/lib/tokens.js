import { LINK_START, linkAt } from "./links.js";

/**
 * A part of a text: plain, a link, or the number of a message. `host` is where the link leads, if that
 * is not what is written.
 * @typedef {{kind: "plain", text: string}} PlainToken
 * @typedef {{kind: "link", text: string, href: string, host: string}} LinkToken
 * @typedef {{kind: "number", text: string, id: number}} NumberToken
 * @typedef {PlainToken | LinkToken | NumberToken} Token
 */

/** What every link or number has in it; few texts do. */
const ANY = /:\/\/|www\.|#/i;
const NUMBER = "(?<![\\p{L}\\p{N}_&/#])#(?<number>[1-9]\\d{0,14})(?![\\p{L}\\p{N}_])";

/**
 * Find the links (http and https only) and message numbers in a text.
 * @param {string} text
 * @returns {Token[]} Joined, their texts are the whole text.
 */
export function tokenize(text) {
  if (!ANY.test(text)) return text ? [{ kind: "plain", text }] : [];
  /** @type {Token[]} */
  const tokens = [];
  let done = 0;
  const add = (/** @type {Token} */ token, /** @type {number} */ at) => {
    if (at > done) tokens.push({ kind: "plain", text: text.slice(done, at) });
    tokens.push(token);
    done = at + token.text.length;
  };
  const start = new RegExp(`${LINK_START.source}|${NUMBER}`, "giu");
  for (let match = start.exec(text); match; match = start.exec(text)) {
    const { index, groups = {} } = match;
    if (groups.number) {
      add({ kind: "number", text: match[0], id: Number(groups.number) }, index);
      continue;
    }
    const { end, href, host } = linkAt(text, index, match[0], groups.www !== undefined);
    if (href) add({ kind: "link", text: text.slice(index, end), href, host }, index);
    start.lastIndex = end;
  }
  if (done < text.length) tokens.push({ kind: "plain", text: text.slice(done) });
  return tokens;
}
