import { backtick } from "../../vendor/markdown-it/markdown-it.js";

/** The rules of markdown.js for what stands within a line, as cli_client/markdown_inline.py has them. */

/** @typedef {import("../../vendor/markdown-it/markdown-it.js").InlineRule} InlineRule */

/** White space, for JavaScript and Python the same. */
const BLANK = "\\s\\ufeff\\x1c-\\x1f\\x85";

/** Letters that have capitals, and digits: a mark between two of them is none, as in `2*3*4` and `a**b**c`. */
const WORD = /[\p{Lu}\p{Ll}\p{Lt}\p{M}\p{N}_]/u;
const SPACE = new RegExp(`[${BLANK}]`);

/** The rest of an address, from its colon on. Marks are part of it if more of it follows. */
const ADDRESS = new RegExp(`://(?:[^${BLANK}*~\`[\\]<>\\\\]|[*~]+(?=[A-Za-z0-9_/=&%-]))+`, "y");

const LABEL = "(?:[^[\\]\\n`]|`[^`\\n]+`|\\[[^[\\]\\n`]*\\])+";
const IN_TARGET = `[^${BLANK}()<>"\`\\\\]`;
const TARGET = `https?://(?![^/?#()${BLANK}]*@)(?:${IN_TARGET}|\\(${IN_TARGET}*\\))+`;
const LINK = new RegExp(`\\[(${LABEL})\\]\\((${TARGET})\\)`, "iy");

/**
 * `https://…`: a link without words, in which no mark is looked for. What is one is decided by links.js.
 * @type {InlineRule}
 */
export function addressRule(state, silent) {
  const { src, pos } = state;
  if (src[pos] !== ":" || !/https?$/i.test(src.slice(Math.max(0, pos - 5), pos))) return false;
  ADDRESS.lastIndex = pos;
  const [found] = ADDRESS.exec(src.slice(0, state.posMax)) ?? [];
  if (!found) return false;
  if (!silent) state.pending += found;
  state.pos += found.length;
  return true;
}

/** A backslash before a mark makes it text. Both stay: a path or a pattern must not lose any. @type {InlineRule} */
export function escapeRule(state, silent) {
  const { src, pos } = state;
  if (src[pos] !== "\\" || pos + 1 >= state.posMax || !"*~`[".includes(src.charAt(pos + 1))) return false;
  if (!silent) state.pending += src.slice(pos, pos + 2);
  state.pos += 2;
  return true;
}

/** Code within a line, which keeps its line breaks. @type {InlineRule} */
export function codeRule(state, silent) {
  const { pos, tokens } = state;
  const before = tokens.length;
  if (!backtick(state, silent)) return false;
  const token = tokens.at(-1);
  if (silent || !token || tokens.length === before) return true;
  const { length } = token.markup;
  const text = state.src.slice(pos + length, state.pos - length);
  token.content = /^ .* $/s.test(text) && text.trim() ? text.slice(1, -1) : text;
  return true;
}

/**
 * @param {string} marker
 * @param {number} least  Marks in a row.
 * @param {number} most
 * @returns {InlineRule}
 */
export function markRule(marker, least, most) {
  return (state, silent) => {
    const { src, pos, posMax } = state;
    if (silent || src[pos] !== marker) return false;
    let end = pos + 1;
    while (end < posMax && src[end] === marker) end += 1;
    state.pos = end;
    if (end - pos < least || end - pos > most) {
      state.pending += src.slice(pos, end);
      return true;
    }
    const before = /.$/su.exec(src.slice(Math.max(0, pos - 2), pos))?.[0] ?? " ";
    const after = end < posMax ? String.fromCodePoint(src.codePointAt(end) ?? 0) : " ";
    const open = !SPACE.test(after) && !WORD.test(before);
    const close = !SPACE.test(before) && !WORD.test(after);
    // The library pairs single asterisks, and tildes by two.
    const size = marker === "~" ? 2 : 1;
    for (let at = pos; at < end; at += size) {
      state.push("text", "", 0).content = src.slice(at, at + size);
      const length = marker === "~" ? 0 : end - pos;
      const token = state.tokens.length - 1;
      state.delimiters.push({ marker: marker.charCodeAt(0), length, token, end: -1, open, close });
    }
    return true;
  };
}

/** `[words](https://…)`. @type {InlineRule} */
export function linkRule(state, silent) {
  const { src, pos, posMax } = state;
  if (src[pos] !== "[" || state.linkLevel > 0) return false;
  LINK.lastIndex = pos;
  const [found, label = "", target = ""] = LINK.exec(src) ?? [];
  if (!found || !label.trim() || pos + found.length > posMax) return false;
  if (!silent) {
    state.push("link_open", "a", 1).info = target;
    state.pos = pos + 1;
    state.posMax = state.pos + label.length;
    state.linkLevel += 1;
    state.md.inline.tokenize(state);
    state.linkLevel -= 1;
    state.posMax = posMax;
    state.push("link_close", "a", -1);
  }
  state.pos = pos + found.length;
  return true;
}
