import { make } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { makeMessage, paintMessage } from "./message_view.js";
import { makeNotice, paintNotice } from "./notice_view.js";
import { summarize } from "./rows.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("./rows.js").Row} Row */

/** Names told of one run of comings and goings; the others are counted. */
const NAMED = 3;

/**
 * @param {Row} row
 * @param {Words} words
 * @returns {HTMLElement}
 */
export function makeRow(row, words) {
  if (row.kind === "message") return makeMessage(row, words);
  if (row.kind === "notice") return makeNotice(row, words);
  const element = make("li", row.kind);
  if (row.kind === "unread" || row.kind === "fresh") {
    element.append(make("span", "", words.say(`mark.${row.kind}`)));
  }
  paintRow(element, row, words);
  return element;
}

/**
 * Bring a row's element up to date.
 *
 * @param {HTMLElement} element
 * @param {Row} row
 * @param {Words} words
 */
export function paintRow(element, row, words) {
  switch (row.kind) {
    case "message":
      paintMessage(element, row, words);
      break;
    case "notice":
      paintNotice(element, row, words);
      break;
    case "presence":
      element.textContent = describe(row.moves, words);
      break;
    case "day": {
      const time = make("time", "", words.day(new Date(row.at)));
      time.dateTime = row.at.slice(0, 10);
      element.replaceChildren(time);
      break;
    }
    case "gap": {
      const button = make("button", "gap-button", gapWords(row, words));
      button.dataset.action = "load";
      button.dataset.key = row.key;
      button.disabled = row.item.loading;
      element.replaceChildren(button);
      element.classList.toggle("first", row.first);
      break;
    }
  }
}

/**
 * @param {import("./rows.js").GapRow} row
 * @param {Words} words
 */
function gapWords({ item, first }, words) {
  if (item.loading) return words.say("gap.loading");
  if (first) return words.say("gap.older");
  return item.count === null ? words.say("gap.unknown") : words.say("gap.count", { count: item.count });
}

/**
 * @param {import("../../model/timeline.js").PresenceItem[]} moves
 * @param {Words} words
 * @returns {string} One sentence of who came and who went.
 */
export function describe(moves, words) {
  const [only] = moves;
  const reason = `presence.left.${only?.reason}`;
  if (only && moves.length === 1 && words.has(reason)) return words.say(reason, { name: clean(only.name) });
  const { came, left, passed, returned } = summarize(moves);
  const groups = { came, gone: left, passed, returned };
  return Object.entries(groups)
    .filter(([, names]) => names.length > 0)
    .map(([key, names]) => {
      const shown = names.slice(0, names.length > NAMED + 1 ? NAMED : names.length).map(clean);
      const rest = names.length - shown.length;
      if (rest) shown.push(words.say("presence.more", { count: rest }));
      return words.say(`presence.${key}${names.length === 1 ? ".one" : ""}`, { names: shown.join(", ") });
    })
    .join(" · ");
}
