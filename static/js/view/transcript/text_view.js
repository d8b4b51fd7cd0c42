import { make, permalink } from "../../lib/dom.js";
import { readAddress } from "../../lib/links.js";
import { parseMarkdown, plainText } from "../../lib/markdown.js";
import { tokenize } from "../../lib/tokens.js";
import { makeCode } from "./code_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../lib/markdown.js").Part} Part */

const TAGS = /** @type {const} */ ({ bold: "strong", italic: "em", struck: "s", quote: "blockquote" });

/** The texts of elements as typed. @type {WeakMap<Element, string>} */
const sources = new WeakMap();

/**
 * Show a text: formatted, with links and numbers. Nothing in it becomes markup.
 * @param {HTMLElement} element
 * @param {string} text  Cleaned.
 * @param {I18n} i18n
 */
export function showText(element, text, i18n) {
  sources.set(element, text);
  element.replaceChildren(...makeParts(parseMarkdown(text), i18n, false));
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
 * @param {Part[]} parts
 * @param {I18n} i18n
 * @param {boolean} inLink  A link has none in it.
 * @returns {Node[]}
 */
function makeParts(parts, i18n, inLink) {
  return parts.flatMap(part => {
    if (typeof part === "string") {
      return inLink ? [document.createTextNode(part)] : tokenize(part).map(makeToken);
    }
    switch (part.kind) {
      case "code":
        return [make("code", "", part.text)];
      case "block":
        return [makeCode(part, i18n)];
      case "list":
        return [makeList(part, i18n)];
      case "link":
        return makeLink(part, i18n);
      default: {
        const element = make(TAGS[part.kind], "", ...makeParts(part.parts, i18n, inLink));
        if (part.kind === "quote") element.dir = "auto";
        return [element];
      }
    }
  });
}

/**
 * @param {import("../../lib/markdown.js").Link} link
 * @param {I18n} i18n
 * @returns {Node[]} It shows the host it leads to, unless its words are its address. What is no address stays
 *   text.
 */
function makeLink({ target, parts }, i18n) {
  const words = makeParts(parts, i18n, true);
  const { href, host } = readAddress(target);
  if (!href) return [document.createTextNode("["), ...words, document.createTextNode(`](${target})`)];
  const label = plainText(parts).trim().toLowerCase();
  const address = target.toLowerCase().replace(/\/$/, "");
  const isAddress = [address, address.replace(/^https?:\/\//, "")].includes(label.replace(/\/$/, ""));
  return [makeAnchor("message-link", href, isAddress ? "" : host, words)];
}

/**
 * @param {import("../../lib/markdown.js").List} list
 * @param {I18n} i18n
 */
function makeList({ items }, i18n) {
  const rows = items.map(({ marker, parts }) => {
    const body = make("div", "item-text", ...makeParts(parts, i18n, false));
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
