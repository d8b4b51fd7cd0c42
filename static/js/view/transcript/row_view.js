import { make, textWithBdi } from "../../lib/dom.js";
import { report } from "../../lib/report.js";
import { clean } from "../../lib/text.js";
import { makeMessage, updateMessage } from "./message_view.js";
import { makeNotice, updateNotice } from "./notice_view.js";
import { summarize } from "./rows.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("./rows.js").Row} Row */

/** Selects the rows that have a number. */
export const NUMBERED = ".message, .notice";

/** Most people named in one line about joins and leaves; the others are counted. */
const MAX_NAMED = 3;

/**
 * @param {Row} row
 * @param {I18n} i18n
 * @returns {HTMLElement}  A row that cannot be shown says so and stops no other.
 */
export function makeRow(row, i18n) {
  try {
    return makeAnyRow(row, i18n);
  } catch (error) {
    report(error);
    return make("li", "presence", i18n.t("message.broken"));
  }
}

/**
 * Update the element of a row. One that fails stays as it is.
 * @param {HTMLElement} element
 * @param {Row} row
 * @param {I18n} i18n
 */
export function updateRow(element, row, i18n) {
  try {
    updateAnyRow(element, row, i18n);
  } catch (error) {
    report(error);
  }
}

/**
 * @param {Row} row
 * @param {I18n} i18n
 * @returns {HTMLElement}
 */
function makeAnyRow(row, i18n) {
  if (row.kind === "message") return makeMessage(row, i18n);
  if (row.kind === "notice") return makeNotice(row, i18n);
  const element = make("li", row.kind);
  if (row.kind === "unread" || row.kind === "new-log") {
    element.append(make("span", "", i18n.t(`mark.${row.kind}`)));
  }
  updateAnyRow(element, row, i18n);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Row} row
 * @param {I18n} i18n
 */
function updateAnyRow(element, row, i18n) {
  switch (row.kind) {
    case "message":
      updateMessage(element, row, i18n);
      break;
    case "notice":
      updateNotice(element, row, i18n);
      break;
    case "presence":
      element.replaceChildren(...describePresence(row.items, i18n));
      break;
    case "day": {
      const time = make("time", "", i18n.day(new Date(row.at)));
      time.dateTime = row.day;
      time.title = i18n.date(new Date(row.at));
      element.replaceChildren(time);
      break;
    }
    case "fold": {
      element.replaceChildren(...describeFold(row, i18n));
      break;
    }
    case "gap": {
      const button = make("button", "load-button", gapText(row, i18n));
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
 * @param {import("./rows.js").FoldRow} row
 * @param {I18n} i18n
 * @returns {(Node | string)[]} What is folded, and the button that shows it.
 */
function describeFold({ key, item: { what, count, open, names } }, i18n) {
  const button = make("button", "fold-button", i18n.t(open ? "fold.hide" : "fold.show"));
  button.dataset.action = "fold";
  button.dataset.key = key;
  button.ariaExpanded = String(open);
  const text = i18n.t(`fold.${what}`, { count });
  return [...listNames(names, i18n), `: ${text} · `, button];
}

/**
 * @param {import("./rows.js").GapRow} row
 * @param {I18n} i18n
 */
function gapText({ item, first }, i18n) {
  if (item.loading) return i18n.t("gap.loading");
  if (first) return i18n.t("gap.older");
  return item.count === null ? i18n.t("gap.unknown") : i18n.t("gap.count", { count: item.count });
}

/**
 * @param {import("../../model/timeline.js").PresenceItem[]} items
 * @param {I18n} i18n
 * @returns {(Node | string)[]} One sentence about who joined and who left.
 */
export function describePresence(items, i18n) {
  const [only] = items;
  const reason = `presence.left.reason.${only?.reason}`;
  if (only && items.length === 1 && i18n.has(reason))
    return textWithBdi(i18n, reason, { name: clean(only.name) });
  return Object.entries(summarize(items))
    .filter(([, names]) => names.length > 0)
    .flatMap(([kind, names], index) => {
      const key = `presence.${kind}${names.length === 1 ? ".one" : ""}`;
      return [index ? " · " : "", ...textWithBdi(i18n, key, { names: listNames(names, i18n) })];
    });
}

/**
 * @param {string[]} names
 * @param {I18n} i18n
 * @returns {(Node | string)[]} «Анна, Борис и ещё 3».
 */
function listNames(names, i18n) {
  const shown = names.slice(0, names.length > MAX_NAMED + 1 ? MAX_NAMED : names.length).map(clean);
  const rest = names.length - shown.length;
  const words = rest ? [...shown, i18n.t("presence.more", { count: rest })] : shown;
  return i18n
    .list(words)
    .map(({ text, isWord }) => (isWord && shown.includes(text) ? make("bdi", "", text) : text));
}
