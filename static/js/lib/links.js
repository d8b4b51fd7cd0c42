/** Letters of scripts that are written without spaces, so that a text may go on right behind a link. */
const DENSE =
  "[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hangul}\\p{scx=Bopo}\\p{scx=Thai}\\p{scx=Laoo}]";

/** A name of the host, which is dense as a whole or not at all. */
const LABEL = `(?:(?=${DENSE})[\\p{L}\\p{M}\\p{N}_-]+|(?!${DENSE})[\\p{L}\\p{N}](?:(?!${DENSE})[\\p{L}\\p{M}\\p{N}_-])*)`;
const NAMES = `${LABEL}(?:\\.${LABEL})*(?:\\.(?=[/?#:]))?`;

/** The beginning of a link, up to its host. The group `www` is that of a link without a scheme. */
const START = `(?<![a-z\\d])https?://|(?<www>(?<!(?!${DENSE})[\\p{L}\\p{N}.@/:=&?#%+-])www\\.(?=${LABEL}\\.${LABEL}))`;
export const LINK_START = new RegExp(START, "iuy");

const HOST = new RegExp(`(?<host>${NAMES}|\\[[\\da-f:.]{2,45}\\])(?::\\d{1,5}(?!\\d))?`, "iuy");

/** Who reads a link with a user takes the user for the host. */
const USER = /[^\s/?#\\]{0,300}@/uy;

/** Characters of the longest host; some browsers take quadratic time to parse one. */
const LONGEST_HOST = 300;

/** What is never part of a link: spaces, quotes, foreign brackets and stops, emoji, the invisible. */
const OUTSIDE =
  /(?![()[\]{}\u2019\u200c\u200d])[\s\p{C}\p{Z}<>"`\\\p{Ps}\p{Pe}\p{Pi}\p{Pf}\u2014\u2015\u2025\u2026\u3001-\u3003\u30fb\uff01-\uff0f\uff1a-\uff20\uff61-\uff65\p{RI}\p{EMod}\p{Extended_Pictographic}]/u;

/** What is part of a link only if more of it follows. */
const STOP = /[.,:;!?'\u200c\u200d]|(?![!-~])\p{P}/u;

/** What a word of any script may follow. */
const SEPARATOR = /[/?#=&_+~@|-]/;

/** Marks of emphasis: those in front of a link are at its end, too. */
const EMPHASIS = "*_~|";

const CLOSING = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

const DENSE_LETTER = new RegExp(DENSE, "u");

/**
 * @param {string} text
 * @param {number} from     Where it may begin, as `LINK_START` has found.
 * @param {string} begins   What was found there.
 * @param {boolean} bare    Whether it has no scheme.
 * @returns {{end: number, href: string, host: string}} Where it ends, and where it leads: "" if it is no link.
 *   `host` is the real one if another is written, else "".
 */
export function linkAt(text, from, begins, bare) {
  const hostAt = bare ? from : from + begins.length;
  USER.lastIndex = hostAt;
  HOST.lastIndex = hostAt;
  const match = HOST.exec(text);
  const written = match?.groups?.host?.toLowerCase() ?? "";
  const hostEnd = hostAt + (match?.[0].length ?? 0);
  const none = { end: Math.max(hostEnd, hostAt + 1), href: "", host: "" };
  if (!written || written.length > LONGEST_HOST || USER.test(text)) return none;

  const end = linkEnd(text, hostEnd, text[from - 1] ?? "");
  const address = (bare ? "https://" : "") + text.slice(from, end);
  if (!URL.canParse(address)) return none;
  const { href, hostname } = new URL(address);
  return { end, href, host: hostname === written || isRussian(written) ? "" : hostname };
}

/**
 * @param {string} address  With its scheme, `http` or `https`.
 * @returns {{href: string, host: string}} Where it leads, "" if nowhere, and the host to show for it.
 */
export function readAddress(address) {
  const [scheme = ""] = /^https?:\/\//i.exec(address) ?? [];
  USER.lastIndex = HOST.lastIndex = scheme.length;
  const written = HOST.exec(address)?.groups?.host?.toLowerCase() ?? "";
  const isRead = scheme && written && written.length <= LONGEST_HOST && !USER.test(address);
  if (!isRead || !URL.canParse(address)) return { href: "", host: "" };
  const { href, hostname } = new URL(address);
  return { href, host: isRussian(written) ? written : hostname };
}

/**
 * @param {string} text
 * @param {number} hostEnd  Where the host ends.
 * @param {string} before   The character in front of the link.
 * @returns {number} Where the link ends. Each character is looked at once.
 */
function linkEnd(text, hostEnd, before) {
  if (!/[/?#]/.test(text[hostEnd] ?? "")) return hostEnd;
  /** What closes the brackets that are open. @type {string[]} */
  const open = [];
  let end = hostEnd;
  let mayBeDense = false;
  for (let at = hostEnd; at < text.length; ) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const isDense = DENSE_LETTER.test(char);
    if (OUTSIDE.test(char) || (isDense && !mayBeDense)) break;
    if (/[)\]}]/.test(char) && open.pop() !== char) break;
    if ((open.length > 0 || /[,;]/.test(text[at - 1] ?? "")) && beginsLink(text, at)) break;
    at += char.length;
    mayBeDense = isDense || SEPARATOR.test(char);
    const closing = CLOSING.get(char);
    if (closing) open.push(closing);
    const isMark = char === before && EMPHASIS.includes(char);
    if (open.length === 0 && !isMark && !STOP.test(char)) end = at;
  }
  return end;
}

/**
 * @param {string} text
 * @param {number} at
 */
function beginsLink(text, at) {
  LINK_START.lastIndex = at;
  return LINK_START.test(text);
}

/** @param {string} host @returns Whether it is Russian to its end, so that it cannot pass for a Latin one. */
function isRussian(host) {
  return /^[а-яё\d.-]+\.[а-яё]+$/.test(host);
}
