/** What the moderators' dialogs share. */

import { clean, lengthOf } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/protocol.js").RoomError} RoomError */

/** Code points of a topic, as in chat_protocol/contract.py. */
const MAX_TOPIC = 300;

/**
 * @param {FormData} data  With `seconds` and `reason`.
 * @returns {{seconds: number | undefined, text: string}} `seconds` is undefined for a permanent ban.
 */
export function sanctionOf(data) {
  return { seconds: Number(data.get("seconds")) || undefined, text: String(data.get("reason")).trim() };
}

/**
 * @param {I18n} i18n
 * @param {RoomError} error
 * @returns {string} Why a moderator's request was refused.
 */
export function explain(i18n, { code, retry_after = 1, target = "" }) {
  const key = `action.${code}`;
  const values = { target: clean(target), count: Math.ceil(retry_after) };
  return i18n.has(key) ? i18n.t(key, values) : i18n.error(code, values);
}

/**
 * @param {I18n} i18n
 * @param {string} text
 * @returns {string} Why this cannot be the topic, or "".
 */
export function topicProblem(i18n, text) {
  return lengthOf(text) > MAX_TOPIC ? i18n.t("topic.too_long", { count: MAX_TOPIC }) : "";
}
