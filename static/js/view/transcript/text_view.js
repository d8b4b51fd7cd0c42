import { setColour } from "../../lib/avatar.js";
import { make, permalink } from "../../lib/dom.js";
import { readAddress } from "../../lib/links.js";
import { parseMarkdown } from "../../lib/markdown.js";
import { EVERYBODY, splitMentions } from "../../lib/mentions.js";
import { plainText } from "../../lib/plain_text.js";
import { clean } from "../../lib/text.js";
import { tokenize } from "../../lib/tokens.js";
import { makeCode } from "./code_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../lib/markdown.js").Part} Part */

/**
 * Who is called in a text, the reader's name, and whether that is one of them.
 * @typedef {{names: string[], self: string, isReader: boolean}} Called
 */

/** @type {Called} */
const NOBODY = { names: [], self: "", isReader: false };

const TAGS = /** @type {const} */ ({ bold: "strong", italic: "em", struck: "s", quote: "blockquote" });

/** The texts of elements as typed. @type {WeakMap<Element, string>} */
const sources = new WeakMap();

/**
 * Show a text: formatted, with links, numbers and mentions. Nothing in it becomes markup.
 * @param {HTMLElement} element
 * @param {string} text  Cleaned.
 * @param {I18n} i18n
 * @param {Called} [called]
 */
export function showText(element, text, i18n, called = NOBODY) {
  sources.set(element, text);
  element.replaceChildren(...makeParts(parseMarkdown(text), { i18n, called }, false));
}

/**
 * Show a sentence of the page instead of a text.
 * @param {HTMLElement} element
 * @param {string} sentence
 */
export function replaceText(element, sentence) {
  sources.delete(element);
  element.textContent = sentence;
}

/**
 * @param {Element} element
 * @returns {string | undefined} The text it shows, as typed.
 */
export function sourceOf(element) {
  return sources.get(element);
}

/**
 * @typedef {{i18n: I18n, called: Called}} Context
 *
 * @param {Part[]} parts
 * @param {Context} context
 * @param {boolean} inLink  A link has none in it.
 * @returns {Node[]}
 */
function makeParts(parts, context, inLink) {
  return parts.flatMap(part => {
    if (typeof part === "string") {
      if (inLink) return [document.createTextNode(part)];
      return tokenize(part).flatMap(token =>
        token.kind === "plain" ? makeMentions(token.text, context.called) : [makeToken(token)],
      );
    }
    switch (part.kind) {
      case "code":
        return [make("code", "", part.text)];
      case "block":
        return [makeCode(part, context.i18n)];
      case "list":
        return [makeList(part, context)];
      case "link":
        return makeLink(part, context);
      default: {
        const element = make(TAGS[part.kind], "", ...makeParts(part.parts, context, inLink));
        if (part.kind === "quote") element.dir = "auto";
        return [element];
      }
    }
  });
}

/**
 * @param {string} text
 * @param {Called} called
 * @returns {Node[]} The names that are called in it are marked, and most of all the reader's.
 */
function makeMentions(text, { names, self }) {
  return splitMentions(text, names).map(({ text: piece, name }) => {
    if (!name) return document.createTextNode(piece);
    if (name === self || name === EVERYBODY) return make("span", "mention self", piece);
    const mention = make("span", "mention", piece);
    setColour(mention, clean(name));
    return mention;
  });
}

/**
 * @param {import("../../lib/markdown.js").Link} link
 * @param {Context} context
 * @returns {Node[]} It shows the host it leads to, unless its words are its address. What is no address stays
 *   text.
 */
function makeLink({ target, parts }, context) {
  const words = makeParts(parts, context, true);
  const { href, host } = readAddress(target);
  if (!href) return [document.createTextNode("["), ...words, document.createTextNode(`](${target})`)];
  const label = plainText(parts).trim().toLowerCase();
  const address = target.toLowerCase().replace(/\/$/, "");
  const isAddress = [address, address.replace(/^https?:\/\//, "")].includes(label.replace(/\/$/, ""));
  return [makeAnchor("message-link", href, isAddress ? "" : host, words)];
}

/**
 * @param {import("../../lib/markdown.js").List} list
 * @param {Context} context
 */
function makeList({ items }, context) {
  const rows = items.map(({ marker, parts }) => {
    const body = make("div", "item-text", ...makeParts(parts, context, false));
    const item = make("li", "", make("span", "item-marker", `${marker} `), body);
    item.dir = "auto";
    return item;
  });
  const list = make("ul", "", ...rows);
  list.role = "list"; // Safari takes a list without markers of its own for none
  return list;
}

/**
 * @param {import("../../lib/tokens.js").Token} token
 * @returns {Node}
 */
export function makeToken(token) {
  if (token.kind === "plain") return document.createTextNode(token.text);
  if (token.kind === "link") return makeAnchor("message-link", token.href, token.host, [token.text]);
  const anchor = make("a", "message-ref", token.text);
  anchor.tabIndex = -1;
  anchor.href = permalink(token.id);
  return anchor;
}

/**
 * @param {string} className
 * @param {string} href
 * @param {string} host  Shown behind the words; "" for none.
 * @param {(Node | string)[]} words
 */
function makeAnchor(className, href, host, words) {
  const anchor = make("a", className, ...words);
  anchor.tabIndex = -1; // the arrow keys lead to it: see permalinks.js
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  if (host) anchor.dataset.host = host;
  return anchor;
}
