import { byClass, make } from "../../lib/dom.js";
import { asClock } from "../../lib/duration.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */

/**
 * Show a live message by its title; live_view.js adds the rest once it is loaded.
 * @param {HTMLElement} element  The row.
 * @param {{key: string, text: string}} row
 */
export function showLive(element, { key, text }) {
  const body = byClass(element, "message-text");
  if (body.querySelector(":scope > .live")) return;
  const title = make("span", "live-title", clean(text));
  title.id = `title-${key}`;
  body.replaceChildren(make("div", "live", make("div", "live-head", title)));
  element.setAttribute("aria-labelledby", `author-${key} ${title.id}`);
}

/**
 * @param {import("../../model/protocol.js").Live} live
 * @param {number} seconds  For how long it has run.
 * @param {I18n} i18n
 * @returns {string} «идёт 2:14», «✔ готово за 2:14»
 */
export function describeLive({ state, code }, seconds, i18n) {
  return i18n.t(`live.${state}`, { time: asClock(seconds), code: String(code ?? "") });
}
