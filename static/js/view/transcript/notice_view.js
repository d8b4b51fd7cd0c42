import { byId, make, part, weave } from "../../lib/dom.js";
import { clean, tokenize } from "../../lib/text.js";
import { makeToken, paintNumber } from "./message_view.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/protocol.js").Notice} Notice */
/** @typedef {import("./rows.js").NoticeRow} NoticeRow */

/**
 * @param {NoticeRow} row
 * @param {Words} words
 * @returns {HTMLElement} What a moderator did, as a line of the conversation.
 */
export function makeNotice(row, words) {
  const template = byId("template", "notice-template");
  const element = part(document.importNode(template.content, true), "notice");
  element.dataset.act = row.notice.act;
  paintNotice(element, row, words);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {NoticeRow} row
 * @param {Words} words
 */
export function paintNotice(element, row, words) {
  const { notice, deleted = false } = row;
  const announced = notice.act === "announce" && !deleted;
  const text = announced ? tokenize(clean(notice.text ?? "")).map(makeToken) : [];
  element.classList.toggle("announced", announced);
  element.classList.toggle("deleted", deleted);
  part(element, "notice-words").replaceChildren(
    ...(deleted ? [words.say("message.deleted")] : tell(row, words)),
  );
  part(element, "notice-text").replaceChildren(...text);
  paintNumber(element, row, words);
}

/**
 * @param {NoticeRow} row
 * @param {Words} words
 * @returns {(Node | string)[]} It in one sentence, the names and the reason set apart.
 */
function tell({ notice, text }, words) {
  const key = keyOf(notice);
  if (!words.has(key)) return [clean(text)];
  const { by, target = "", id, seconds = 0, text: reason = "" } = notice;
  const values = { by: clean(by), target: clean(target), number: `#${id}`, span: words.span(seconds) };
  const sentence = words.pieces(key, values).map(piece => {
    if (piece.name === "number" && id) return makeToken({ kind: "number", text: piece.text, id });
    return piece.name === "by" || piece.name === "target"
      ? make("bdi", "notice-name", piece.text)
      : piece.text;
  });
  if (!reason || notice.act === "announce") return sentence;
  return [...sentence, ...weave(words, "notice.reason", { text: clean(reason) })];
}

/** @param {Notice} notice */
function keyOf({ act, target, seconds }) {
  const address = (act === "ban" || act === "unban") && !target ? ".address" : "";
  const forGood = (act === "ban" || act === "mute") && !seconds ? ".for_good" : "";
  return `notice.${act}${address}${forGood}`;
}
