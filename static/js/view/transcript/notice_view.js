import { byClass, byId, make, textWithBdi } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { tokenize } from "../../lib/tokens.js";
import { updateNumber } from "./message_view.js";
import { makeToken } from "./text_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/protocol.js").Notice} Notice */
/** @typedef {import("./rows.js").NoticeRow} NoticeRow */

/** Acts whose text is what a moderator says, and no reason. */
export const HAVE_WORDS = ["announce", "topic"];

/**
 * @param {NoticeRow} row
 * @param {I18n} i18n
 * @returns {HTMLElement}
 */
export function makeNotice(row, i18n) {
  const template = byId("template", "notice-template");
  const element = byClass(document.importNode(template.content, true), "notice");
  element.dataset.act = row.notice.act;
  updateNotice(element, row, i18n);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {NoticeRow} row
 * @param {I18n} i18n
 */
export function updateNotice(element, row, i18n) {
  const { notice, deleted = false } = row;
  const announced = notice.act === "announce" && !deleted;
  const text = announced ? tokenize(clean(notice.text ?? "")).map(makeToken) : [];
  element.classList.toggle("announced", announced);
  element.classList.toggle("deleted", deleted);
  byClass(element, "notice-summary").replaceChildren(
    ...(deleted ? [i18n.t("message.deleted")] : describeNotice(row, i18n)),
  );
  byClass(element, "notice-text").replaceChildren(...text);
  updateNumber(element, row, i18n);
}

/**
 * @param {Pick<NoticeRow, "notice" | "text">} row
 * @param {I18n} i18n
 * @returns {(Node | string)[]} One sentence; names and the reason are elements of their own.
 */
export function describeNotice({ notice, text }, i18n) {
  const key = keyOf(notice);
  if (!i18n.has(key)) return [clean(text)];
  const { by, target = "", id, seconds = 0, text: reason = "" } = notice;
  const values = {
    by: clean(by),
    target: clean(target),
    number: `#${id}`,
    text: clean(reason),
    duration: i18n.duration(seconds),
  };
  const sentence = i18n.parts(key, values).map(piece => {
    if (piece.name === "number" && id) return makeToken({ kind: "number", text: piece.text, id });
    if (piece.name === "text") return make("bdi", "", piece.text);
    return piece.name === "by" || piece.name === "target"
      ? make("bdi", "notice-name", piece.text)
      : piece.text;
  });
  if (!reason || HAVE_WORDS.includes(notice.act)) return sentence;
  return [...sentence, ...textWithBdi(i18n, "notice.reason", { text: clean(reason) })];
}

/** @param {Notice} notice */
function keyOf({ act, target, seconds, text }) {
  if (act === "topic" && !text) return "notice.topic.cleared";
  const address = (act === "ban" || act === "unban") && !target ? ".address" : "";
  const permanent = (act === "ban" || act === "mute") && !seconds ? ".permanent" : "";
  return `notice.${act}${address}${permanent}`;
}
