import { fillAvatar, setColour } from "../../lib/avatar.js";
import { byClass, byId, make, permalink } from "../../lib/dom.js";
import { clean, isEmojiOnly } from "../../lib/text.js";
import { foldLongText } from "./long_text.js";
import { replaceText, showText } from "./text_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("./rows.js").MessageRow} MessageRow */

/**
 * @param {MessageRow} row
 * @param {I18n} i18n
 * @returns {HTMLElement}
 */
export function makeMessage(row, i18n) {
  const template = byId("template", "message-template");
  const element = byClass(document.importNode(template.content, true), "message");
  const name = clean(row.name);
  element.dataset.name = row.name;
  fillAvatar(byClass(element, "message-avatar"), name);
  const author = byClass(element, "message-author");
  author.textContent = name;
  setColour(author, name);
  const text = clean(row.text);
  const body = byClass(element, "message-text");
  showText(body, text, i18n);
  author.id = `author-${row.key}`;
  body.id = `text-${row.key}`;
  element.setAttribute("aria-labelledby", `${author.id} ${body.id}`);
  element.classList.toggle("emoji-only", isEmojiOnly(text));
  foldLongText(element, body, text, i18n);
  updateMessage(element, row, i18n);
  return element;
}

/**
 * Update what can change. The text is left alone unless it is deleted: a screen reader would
 * read it again.
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {I18n} i18n
 */
export function updateMessage(element, row, i18n) {
  const { state, own, continued, deleted = false } = row;
  element.classList.toggle("own", own);
  element.classList.toggle("continued", continued);
  element.classList.toggle("deleted", deleted);
  element.dataset.state = state;
  if (deleted) {
    element.classList.remove("emoji-only", "long");
    element.querySelector(".message-fold")?.remove();
    replaceText(byClass(element, "message-text"), i18n.t("message.deleted"));
  }
  updateNumber(element, row, i18n);
  if (state === "pending") element.querySelector("time")?.prepend(makeClock(i18n));
  element.querySelector(".message-state")?.remove();
  if (state === "failed") byClass(element, "message-text").after(makeState(row, i18n));
}

/**
 * Update the time and the number of a row, and the link to it.
 * @param {HTMLElement} element
 * @param {{id: number | null, at: string}} row
 * @param {I18n} i18n
 */
export function updateNumber(element, { id, at }, i18n) {
  const datetime = i18n.dateTime(new Date(at));
  const time = element.querySelector("time");
  if (time) {
    time.dateTime = at;
    time.textContent = i18n.time(new Date(at));
    time.title = datetime;
  }
  const number = byClass(element, "message-number");
  byClass(element, "message-id").textContent = id === null ? "" : `#${id}`;
  if (id !== null) {
    element.id = `m${id}`;
    element.dataset.id = String(id);
    number.setAttribute("href", permalink(id));
    number.ariaLabel = `${i18n.time(new Date(at))} #${id}`.trim();
  } else {
    element.removeAttribute("id");
    delete element.dataset.id;
    number.removeAttribute("href");
    number.ariaLabel = null;
  }
}

/**
 * @param {MessageRow} row
 * @param {I18n} i18n
 * @returns {Node} Why it was not sent, and buttons to retry or discard it.
 */
function makeState({ ref = "", code, until }, i18n) {
  const buttons = ["retry", "discard"].map(action => {
    const button = make("button", "message-action", i18n.t(`message.${action}`));
    button.dataset.action = action;
    button.dataset.ref = ref;
    return button;
  });
  const reason = make("span", "message-reason", describeFailure({ code, until }, i18n));
  return make("div", "message-state", reason, ...buttons);
}

/**
 * @param {{code?: string, until?: number}} message  One that was not sent.
 * @param {I18n} i18n
 */
export function describeFailure({ code = "", until }, i18n) {
  const dated = `error.${code}.${until && until <= Date.now() ? "over" : "until"}`;
  return until && i18n.has(dated) ? i18n.t(dated, { until: i18n.when(new Date(until)) }) : i18n.error(code);
}

/** @param {I18n} i18n */
function makeClock(i18n) {
  const clock = make("span", "message-clock");
  clock.role = "img";
  clock.ariaLabel = clock.title = i18n.t("message.pending");
  return clock;
}
