import { byClass, byId, make } from "../../lib/dom.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */

/** A text of more lines is folded. */
const MAX_LINES = 20;
/** Pixels at the end of a folded text in which it fades, as in message.css. */
const FADING = 64;
/** Characters of a line on a wide screen: longer lines count as several. */
const LINE = 80;

/**
 * @param {string} text
 * @returns {number} About how many lines it has on the screen.
 */
export function countLines(text) {
  let count = 0;
  for (const line of text.split("\n")) count += Math.max(1, Math.ceil(line.length / LINE));
  return count;
}

/**
 * Fold a message if its text is long: the style sheet cuts it off, and a button shows all.
 * @param {HTMLElement} element
 * @param {HTMLElement} body  The text in it.
 * @param {string} text
 * @param {I18n} i18n
 */
export function foldLongText(element, body, text, i18n) {
  const lines = countLines(text);
  if (lines <= MAX_LINES) return;
  const button = make("button", "message-fold", i18n.t("message.unfold", { count: lines }));
  button.dataset.action = "unfold";
  button.dataset.other = i18n.t("message.fold");
  button.ariaExpanded = "false";
  element.classList.add("long");
  body.after(button);
}

/** Shows and folds long texts. What takes the focus behind a fold is shown, too. */
export class LongTexts {
  constructor() {
    const scroller = byId("div", "transcript");
    scroller.addEventListener("focusin", ({ target }) => {
      const text = target instanceof Element ? target.closest(".long:not(.open) > .message-text") : null;
      if (!text || !(target instanceof Element)) return;
      const isSeen = target.getBoundingClientRect().top < text.getBoundingClientRect().bottom - FADING;
      if (isSeen) return;
      byClass(text.closest("li") ?? document, "message-fold").click();
      target.scrollIntoView({ block: "nearest" });
    });
    scroller.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      const row = button?.closest("li");
      if (!row || button?.dataset.action !== "unfold") return;
      const label = button.textContent ?? "";
      button.textContent = button.dataset.other ?? "";
      button.dataset.other = label;
      button.ariaExpanded = String(row.classList.toggle("open"));
      if (!row.classList.contains("open")) row.scrollIntoView({ block: "nearest" });
      // The transcript is to see that the reader may not be at its end any more.
      scroller.dispatchEvent(new Event("scroll"));
    });
  }
}
