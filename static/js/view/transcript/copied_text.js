import { byId } from "../../lib/dom.js";
import { sourceOf } from "./text_view.js";

/** What is copied of a row, after its time and author. */
const TEXTS = ".message-text, .notice-summary, .notice-text, .presence, .new-log span";

/** The text that is copied out of the conversation: a line for each message, with its time and author. */
export class CopiedText {
  #list = byId("ol", "messages");

  constructor() {
    document.addEventListener("copy", event => {
      const inField = event.target instanceof Element && event.target.matches("input, textarea");
      const text = inField ? "" : this.#textOf(document.getSelection());
      if (!text) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    });
  }

  /**
   * @param {Selection | null} selection
   * @returns {string} "" if nothing of the conversation is selected.
   */
  #textOf(selection) {
    if (!selection?.rangeCount) return "";
    const range = selection.getRangeAt(0);
    const rows = [...this.#list.children].filter(row => range.intersectsNode(row));
    const lines = rows.map(row => describe(row, range)).filter(({ text }) => text.trim() !== "");
    const [only] = lines;
    // Of a single message only what is selected is copied.
    if (only && lines.length === 1 && !only.author) return only.text;
    return lines.map(({ heading, text }) => heading + text).join("\n");
  }
}

/**
 * @param {Element} row
 * @param {Range} range  What is selected.
 * @returns {{heading: string, author: string, text: string}} «[14:05] Анна: », what is selected of the
 *   author's name, and of the text.
 */
function describe(row, range) {
  if (row.matches(".day")) return { heading: "", author: "", text: row.querySelector("time")?.title ?? "" };
  const time = row.querySelector(".message-number time")?.textContent;
  const author = row.querySelector(".message-author");
  return {
    heading: time ? `[${time}] ${author ? `${author.textContent}: ` : ""}` : "",
    author: author ? selectedText(author, range) : "",
    text: (row.matches(TEXTS) ? [row] : [...row.querySelectorAll(TEXTS)])
      .map(element => selectedText(element, range))
      .filter(text => text !== "")
      .join(" "),
  };
}

/**
 * @param {Element} element
 * @param {Range} range
 * @returns {string} The text that both contain. Of a whole message it is as typed.
 */
function selectedText(element, range) {
  if (!range.intersectsNode(element)) return "";
  const part = document.createRange();
  part.selectNodeContents(element);
  const edited = element.querySelector(":scope > .message-edited");
  if (edited) part.setEndBefore(edited);
  const whole = part.toString();
  if (part.comparePoint(range.startContainer, range.startOffset) === 0)
    part.setStart(range.startContainer, range.startOffset);
  if (part.comparePoint(range.endContainer, range.endOffset) === 0)
    part.setEnd(range.endContainer, range.endOffset);
  const source = sourceOf(element);
  if (source !== undefined && part.toString() === whole) return source;
  return visibleText(part.cloneContents());
}

/**
 * @param {Node} node
 * @returns {string} Its text, with quotes, items and code in lines of their own.
 */
function visibleText(node) {
  if (node instanceof Text) return node.data;
  let text = "";
  let afterBlock = false;
  for (const child of node.childNodes) {
    const isBlock =
      child instanceof Element && child.matches("ul, li, blockquote, .code-block, .live-lines, .live-part");
    const isHead =
      child instanceof Element && child.matches(".code-head, .live-state, .live-number, .live-foot");
    const part = isHead ? "" : visibleText(child);
    if (part && text && (isBlock || afterBlock)) text += "\n";
    text += part;
    afterBlock = isBlock || (afterBlock && !part);
  }
  return text;
}
