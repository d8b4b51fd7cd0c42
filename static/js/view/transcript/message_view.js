import { fillAvatar, setColour } from "../../lib/avatar.js";
import { byClass, byId, make, permalink } from "../../lib/dom.js";
import { clean, isEmojiOnly } from "../../lib/text.js";
import { showLive } from "./live_slot.js";
import { foldLongText } from "./long_text.js";
import { makeQuote, versionOf as quoteVersionOf } from "./quote_view.js";
import { makeReactions, versionOf as reactionsVersionOf } from "./reactions_view.js";
import { replaceText, showText, sourceOf } from "./text_view.js";

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
  element.dataset.key = row.key;
  fillAvatar(byClass(element, "message-avatar"), name);
  const author = byClass(element, "message-author");
  author.textContent = name;
  setColour(author, name);
  const body = byClass(element, "message-text");
  author.id = `author-${row.key}`;
  body.id = `text-${row.key}`;
  element.setAttribute("aria-labelledby", `${author.id} ${body.id}`);
  element.classList.toggle("action", row.action ?? false);
  updateMessage(element, row, i18n);
  return element;
}

/**
 * Update what can change. What stays as it is is left alone: a screen reader would read it again.
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {I18n} i18n
 */
export function updateMessage(element, row, i18n) {
  const { state, own, continued, deleted = false, acts = [] } = row;
  const changing = acts.some(act => act.state === "pending" && act.type !== "react");
  element.classList.toggle("own", own);
  element.classList.toggle("continued", continued);
  element.classList.toggle("deleted", deleted);
  element.classList.toggle("calling", row.called?.isReader ?? false);
  element.dataset.state = state;
  element.toggleAttribute("data-changing", changing);
  element.classList.toggle("running", row.live !== undefined && !deleted);
  if (row.live && !deleted) showLive(element, row);
  else updateText(element, row, i18n);
  updatePart(element, "quote", quoteVersionOf(row.reply), () => {
    if (row.reply) byClass(element, "message-text").before(makeQuote(row.reply, i18n));
  });
  updatePart(element, "reactions", reactionsVersionOf(row.reactions), () => {
    if (row.reactions?.length)
      byClass(element, "message-number").before(
        makeReactions(row.reactions, row.id !== null || state === "pending", i18n),
      );
  });
  updateNumber(element, row, i18n);
  if (state === "pending" || changing) element.querySelector("time")?.prepend(makeClock(i18n));
  for (const line of element.querySelectorAll(".message-state")) line.remove();
  const failed = acts.filter(act => act.state === "failed").map(act => makeActState(act, i18n));
  if (state === "failed") {
    const keys = row.reply && i18n.has(`reply.error.${row.code}`) ? "reply.error" : "error";
    failed.unshift(makeState(row, describeFailure(row, i18n, keys), i18n));
  }
  byClass(element, "message-text").after(...failed);
}

/**
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {I18n} i18n
 */
function updateText(element, { text: typed, deleted, edited = "", called }, i18n) {
  const body = byClass(element, "message-text");
  const text = clean(typed);
  const names = called?.names.join() ?? "";
  if (deleted || text !== sourceOf(body) || names !== (body.dataset.called ?? "")) {
    body.dataset.called = names;
    element.classList.toggle("emoji-only", !deleted && isEmojiOnly(text));
    element.classList.remove("long", "open");
    element.querySelector(".message-fold")?.remove();
    if (deleted) replaceText(body, i18n.t("message.deleted"));
    else showText(body, text, i18n, called);
    if (!deleted) foldLongText(element, body, text, i18n);
  }
  body.querySelector(":scope > .message-edited")?.remove();
  if (!edited || deleted) return;
  const at = new Date(edited);
  const note = make("span", "message-edited", i18n.t("message.edited", { time: i18n.when(at) }));
  note.title = i18n.dateTime(at);
  body.append(note);
}

/**
 * Make a part of a row anew if it has changed. A reaction that has the focus keeps it.
 * @param {HTMLElement} element
 * @param {string} name     The class of the part is `message-` and this.
 * @param {string} version  "" without it.
 * @param {() => void} add
 */
function updatePart(element, name, version, add) {
  const part = element.querySelector(`.message-${name}`);
  if (!version && !part) return;
  if (part instanceof HTMLElement && part.dataset.version === version) return;
  const focused = part?.querySelector(":focus");
  const { emoji = "" } = focused instanceof HTMLElement ? focused.dataset : {};
  part?.remove();
  add();
  const made = element.querySelector(`.message-${name}`);
  if (made instanceof HTMLElement) made.dataset.version = version;
  if (focused) {
    const same =
      made?.querySelector(`[data-emoji="${CSS.escape(emoji)}"]`) ?? byClass(element, "message-number");
    if (same instanceof HTMLElement) same.focus();
  }
}

/**
 * Update the time and the number of a row, and the link to it. While it has no number, its time is a button for its menu.
 * @param {HTMLElement} element
 * @param {{id: number | null, at: string, ref?: string}} row  With `ref`, it will have one.
 * @param {I18n} i18n
 */
export function updateNumber(element, { id, at, ref = "" }, i18n) {
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
    number.ariaLabel = ref ? i18n.t("act.menu.unsent", { time: i18n.time(new Date(at)) }) : null;
  }
  number.role = ref ? "button" : null;
  number.ariaHasPopup = ref ? "menu" : null;
}

/**
 * @param {import("./rows.js").RowAct} act
 * @param {I18n} i18n
 */
function makeActState(act, i18n) {
  /** @type {Record<string, string>} */
  const actions = act.canRetry ? { retry: "message.retry" } : act.type === "edit" ? { take: "act.take" } : {};
  return makeState(act, describeActFailure(act, i18n), i18n, { ...actions, discard: "act.discard" });
}

/** What can be done about a message that was not sent, with what the button says. */
const ACTIONS = { retry: "message.retry", discard: "message.discard" };

/**
 * @param {{ref?: string}} what  A message or an act.
 * @param {string} why
 * @param {I18n} i18n
 * @param {Record<string, string>} actions
 * @returns {HTMLElement} Why it was not sent, and buttons for what can be done about it.
 */
function makeState({ ref = "" }, why, i18n, actions = ACTIONS) {
  const buttons = Object.entries(actions).map(([action, key]) => {
    const button = make("button", "message-action", i18n.t(key));
    button.dataset.action = action;
    button.dataset.ref = ref;
    return button;
  });
  const reason = make("span", "message-reason", why);
  return make("div", "message-state", reason, ...buttons);
}

/**
 * @param {{code?: string, until?: number}} what  Was not sent.
 * @param {I18n} i18n
 * @param {string} keys  Of the texts to look for first; "error" of those about messages.
 */
export function describeFailure({ code = "", until }, i18n, keys = "error") {
  const dated = `${keys}.${code}.${until && until <= Date.now() ? "over" : "until"}`;
  if (until && i18n.has(dated)) return i18n.t(dated, { until: i18n.when(new Date(until)) });
  return i18n.has(`${keys}.${code}`) ? i18n.t(`${keys}.${code}`) : i18n.error(code);
}

/**
 * @param {import("../../model/outbox.js").OutgoingAct} act  One that has failed.
 * @param {I18n} i18n
 */
export function describeActFailure(act, i18n) {
  const reason = describeFailure(act, i18n, "act.error");
  return i18n.t(`act.${act.type}.failed`, { reason });
}

/** @param {I18n} i18n */
function makeClock(i18n) {
  const clock = make("span", "message-clock");
  clock.role = "img";
  clock.ariaLabel = clock.title = i18n.t("message.pending");
  return clock;
}
