import { make } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {{emoji: string, count: number, names?: string[], mine?: boolean}} Reaction */

/**
 * @param {Reaction[]} reactions
 * @param {boolean} canReact
 * @param {I18n} i18n
 * @returns {HTMLElement} A chip for each emoji, which adds one's own reaction or takes it back.
 */
export function makeReactions(reactions, canReact, i18n) {
  const chips = reactions.map(reaction => makeChip(reaction, canReact, i18n));
  const list = make("div", "message-reactions", ...chips);
  list.role = "group";
  list.ariaLabel = i18n.t("reaction.label");
  return list;
}

/**
 * @param {Reaction} reaction
 * @param {boolean} canReact
 * @param {I18n} i18n
 */
function makeChip({ emoji, count, names = [], mine = false }, canReact, i18n) {
  const chip = make(
    "button",
    "reaction",
    make("span", "reaction-emoji", clean(emoji)),
    make("span", "reaction-count", count.toLocaleString(i18n.locale)),
  );
  chip.tabIndex = -1; // the arrow keys lead to it: see permalinks.js
  chip.dataset.action = "react";
  chip.dataset.emoji = emoji;
  chip.ariaPressed = String(mine);
  chip.disabled = !canReact;
  const known = names.map(clean);
  const rest = count - known.length;
  const words = rest > 0 ? [...known, i18n.t("presence.more", { count: rest })] : known;
  const who = i18n
    .list(words)
    .map(({ text }) => text)
    .join("");
  chip.title = who;
  chip.ariaLabel = `${clean(emoji)} ${count.toLocaleString(i18n.locale)}: ${who}`;
  return chip;
}

/** @param {Reaction[] | undefined} reactions @returns {string} Changes whenever the chips must be made anew. */
export function versionOf(reactions) {
  return reactions?.map(({ emoji, count, mine, names }) => `${emoji}${count}${mine}${names}`).join(" ") ?? "";
}
