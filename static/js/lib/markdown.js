import MarkdownIt, { blockquote, fence, list, paragraph } from "../../vendor/markdown-it/markdown-it.js";
import { addressRule, codeRule, escapeRule, linkRule, markRule } from "./markdown_inline.js";

/**
 * The markdown of the room: which texts are formatted how. cli_client/markdown.py is the same for the
 * terminal; tests/markdown_vectors.json holds for both.
 */

/** @typedef {import("../../vendor/markdown-it/markdown-it.js").BlockRule} BlockRule */
/** @typedef {import("../../vendor/markdown-it/markdown-it.js").Token} Token */

/**
 * A part of a text; a string is plain text with its line breaks.
 * @typedef {string | Span | Quote | Link | Code | Block | List} Part
 * @typedef {{kind: "bold" | "italic" | "struck", parts: Part[]}} Span
 * @typedef {{kind: "quote", parts: Part[]}} Quote
 * @typedef {{kind: "link", target: string, parts: Part[]}} Link
 * @typedef {{kind: "code", text: string}} Code
 * @typedef {{kind: "block", language: string, text: string}} Block   Code in lines of its own.
 * @typedef {{kind: "list", items: {marker: string, parts: Part[]}[]}} List  A marker is `•` or like `12.`.
 */

/** Most quotes, lists, links and marks within each other. */
const MAX_DEPTH = 8;

/** What a text without any formatting lacks. */
const FORMATTED = /[*`]|~~|\]\(|^[ \t]*(?:>|-[ \t]|\d+[.)][ \t])|^ {0,3}~~~/m;

/** A quote begins with a space behind the mark: `>_<` and `>:(` are none. */
const QUOTE = />+[ \t]+[^ \t\n]/y;
/** A list begins with an item that is not empty, nor one more mark. */
const ITEM = /(?:[-*]|\d{1,9}[.)])[ \t]+(?![-* \t]*$)/my;

/** @type {Record<string, "bold" | "italic" | "struck">} */
const SPANS = { strong_open: "bold", em_open: "italic", s_open: "struck" };

const md = new MarkdownIt("zero", { maxNesting: 100 });
md.block.ruler.at("fence", notBlank(fence), { alt: ["paragraph", "blockquote", "list"] });
md.block.ruler.at("blockquote", nested(QUOTE, blockquote), { alt: ["paragraph", "blockquote", "list"] });
md.block.ruler.at("list", nested(ITEM, list), { alt: ["paragraph", "blockquote"] });
md.block.ruler.at("paragraph", asTyped);
// A line without the mark of a quote is outside it, a line that is not indented outside the list.
md.block.ruler.push("end of quote", (_state, _from, _to, silent) => silent, { alt: ["blockquote"] });
md.block.ruler.push(
  "end of list",
  (state, from, _to, silent) => silent && (state.sCount[from] ?? 0) < state.blkIndent,
  { alt: ["paragraph"] },
);
md.inline.ruler.at("linkify", addressRule);
md.inline.ruler.at("escape", escapeRule);
md.inline.ruler.at("backticks", codeRule);
md.inline.ruler.at("strikethrough", markRule("~", 2, 2));
md.inline.ruler.at("emphasis", markRule("*", 1, 3));
md.inline.ruler.at("link", linkRule);
md.enable(["fence", "blockquote", "list"]);
md.enable(["linkify", "escape", "backticks", "strikethrough", "emphasis", "link"]);

/**
 * @param {string} text  Cleaned.
 * @returns {Part[]}
 */
export function parseMarkdown(text) {
  return FORMATTED.test(text) ? new Builder().build(md.parse(text, { depth: 0 })) : [text];
}

/**
 * Limit the depth of quotes and lists: what is deeper stays text, where the library would drop it.
 * @param {RegExp} first  What the first line begins with.
 * @param {BlockRule} rule
 * @returns {BlockRule}
 */
function nested(first, rule) {
  return (state, from, to, silent) => {
    first.lastIndex = (state.bMarks[from] ?? 0) + (state.tShift[from] ?? 0);
    if (state.env.depth >= MAX_DEPTH || !first.test(state.src)) return false;
    state.env.depth += 1;
    const found = rule(state, from, to, silent);
    state.env.depth -= 1;
    return found;
  };
}

/** @param {BlockRule} rule @returns {BlockRule} The same, but for code that is blank: that stays text. */
function notBlank(rule) {
  return (state, from, to, silent) => {
    const line = state.line;
    if (!rule(state, from, to, silent)) return false;
    if (silent || state.tokens.at(-1)?.content.trim()) return true;
    state.tokens.pop();
    state.line = line;
    return false;
  };
}

/** The rule for paragraphs, with the spaces at both ends. @type {BlockRule} */
function asTyped(state, from, to, silent) {
  paragraph(state, from, to, silent);
  const inline = state.tokens.at(-2);
  if (inline) inline.content = state.getLines(from, state.line, state.blkIndent, false);
  return true;
}

/**
 * What is open while parts are made: with the line after its last paragraph, if that comes last. `closing` is
 * not empty for what is too deep: the text that ends it.
 * @typedef {{parts: Part[], closing: string, textEnd: number}} Open
 */

/** Makes parts of tokens. */
class Builder {
  /** What is open, the innermost last. @type {[Open, ...Open[]]} */
  #open = [{ parts: [], closing: "", textEnd: -1 }];
  /** Of `#open`, how many are shown as such. */
  #depth = 0;
  /** The lists that are open. @type {List[]} */
  #lists = [];

  /** @param {Token[]} tokens @returns {Part[]} */
  build(tokens) {
    for (const token of tokens) this.#add(token);
    return this.#top.parts;
  }

  get #top() {
    return this.#open.at(-1) ?? this.#open[0];
  }

  /** @param {Token} token */
  #add(token) {
    const { type, content, info, markup, map, children } = token;
    switch (type) {
      case "paragraph_open":
        // The line breaks between two paragraphs.
        if (this.#top.textEnd >= 0) this.#text("\n".repeat((map?.[0] ?? 0) - this.#top.textEnd + 1));
        this.#top.textEnd = map?.[1] ?? -1;
        break;
      case "inline":
        for (const child of children ?? []) this.#add(child);
        break;
      case "text":
        this.#text(content);
        break;
      case "code_inline":
        this.#top.parts.push({ kind: "code", text: content });
        break;
      case "fence":
        this.#block({ kind: "block", language: info.trim(), text: content.replace(/\n$/, "") });
        break;
      case "bullet_list_open":
      case "ordered_list_open": {
        const part = { kind: /** @type {const} */ ("list"), items: [] };
        this.#block(part);
        this.#lists.push(part);
        this.#depth += 1;
        break;
      }
      case "list_item_open": {
        const item = { marker: info ? info + markup : "•", parts: [] };
        this.#lists.at(-1)?.items.push(item);
        this.#open.push({ parts: item.parts, closing: "", textEnd: -1 });
        break;
      }
      case "bullet_list_close":
      case "ordered_list_close":
        this.#lists.pop();
        this.#depth -= 1;
        break;
      case "list_item_close":
        this.#open.pop();
        break;
      case "blockquote_open":
        this.#top.textEnd = -1;
        this.#enter({ kind: "quote", parts: [] }, "", "");
        break;
      case "link_open":
        this.#enter({ kind: "link", target: info, parts: [] }, "[", `](${info})`);
        break;
      default:
        if (SPANS[type]) this.#enter({ kind: SPANS[type], parts: [] }, markup, markup);
        else if (type.endsWith("_close") && type !== "paragraph_close") this.#leave();
    }
  }

  /** @param {Part} part  That stands in lines of its own. */
  #block(part) {
    this.#top.parts.push(part);
    this.#top.textEnd = -1;
  }

  /** @param {string} text */
  #text(text) {
    const { parts } = this.#top;
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + text;
    else if (text) parts.push(text);
  }

  /**
   * Open a part; one that is too deep stays text.
   * @param {Span | Quote | Link} part
   * @param {string} opening  As typed.
   * @param {string} closing
   */
  #enter(part, opening, closing) {
    if (this.#depth >= MAX_DEPTH) {
      this.#text(opening);
      this.#open.push({ parts: this.#top.parts, closing, textEnd: -1 });
      return;
    }
    this.#depth += 1;
    this.#top.parts.push(part);
    this.#open.push({ parts: part.parts, closing: "", textEnd: -1 });
  }

  #leave() {
    const closing = this.#open.pop()?.closing;
    if (closing) this.#text(closing);
    else this.#depth -= 1;
  }
}
