import { paintDoor, paintHue } from "../../lib/avatar.js";
import { byId, make, part } from "../../lib/dom.js";
import { clean, isEmojiOnly, tokenize } from "../../lib/text.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("./rows.js").MessageRow} MessageRow */

/**
 * @param {MessageRow} row
 * @param {Words} words
 * @returns {HTMLElement} A message with all that never changes of it; `paintMessage` does the rest.
 */
export function makeMessage(row, words) {
  const template = byId("template", "message-template");
  const element = part(document.importNode(template.content, true), "message");
  const name = clean(row.name);
  element.dataset.name = row.name;
  paintDoor(part(element, "message-door"), name);
  const author = part(element, "message-author");
  author.textContent = name;
  paintHue(author, name);
  const text = clean(row.text);
  part(element, "message-text").append(...tokenize(text).map(makeToken));
  element.classList.toggle("emoji-only", isEmojiOnly(text));
  paintMessage(element, row, words);
  return element;
}

/**
 * Bring a message's element up to date. Its text is left alone, so that it is read
 * aloud once only, unless it is taken away.
 *
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {Words} words
 */
export function paintMessage(element, row, words) {
  const { state, own, continued, deleted = false } = row;
  const text = part(element, "message-text");
  element.classList.toggle("own", own);
  element.classList.toggle("continued", continued);
  element.classList.toggle("deleted", deleted);
  element.dataset.state = state;
  if (deleted) {
    element.classList.remove("emoji-only");
    text.textContent = words.say("message.deleted");
  }
  paintNumber(element, row, words);
  if (state === "pending") element.querySelector("time")?.prepend(makeClock(words));
  // Keeps room at the end of the last line, where the time stands.
  text.dataset.time = words.time(new Date(row.at));
  part(element, "message-state").replaceChildren(...makeState(row, words));
}

/**
 * Bring up to date what says when a line of the conversation came, and links to it.
 *
 * @param {HTMLElement} element
 * @param {{id: number | null, at: string}} row
 * @param {Words} words
 */
export function paintNumber(element, { id, at }, words) {
  const moment = words.moment(new Date(at));
  const time = element.querySelector("time");
  if (time) {
    time.dateTime = at;
    time.textContent = words.time(new Date(at));
    time.title = moment;
  }
  const number = part(element, "message-number");
  part(element, "message-id").textContent = id === null ? "" : `#${id}`;
  if (id !== null) {
    element.id = `m${id}`;
    element.dataset.id = String(id);
    number.setAttribute("href", `#${id}`);
    number.ariaLabel = words.say("message.link", { number: `#${id}`, moment });
  } else {
    element.removeAttribute("id");
    delete element.dataset.id;
    number.removeAttribute("href");
    number.ariaLabel = null;
  }
}

/**
 * @param {MessageRow} row
 * @param {Words} words
 * @returns {Node[]} What is to be said and done about a message that failed.
 */
function makeState({ state, ref = "", code = "", until }, words) {
  if (state !== "failed") return [];
  const dated = `error.${code}.until`;
  const reason =
    until && words.has(dated) ? words.say(dated, { until: words.when(new Date(until)) }) : words.error(code);
  const buttons = ["retry", "discard"].map(action => {
    const button = make("button", "message-action", words.say(`message.${action}`));
    button.dataset.action = action;
    button.dataset.ref = ref;
    return button;
  });
  return [make("span", "message-reason", reason), ...buttons];
}

/** @param {Words} words */
function makeClock(words) {
  const clock = make("span", "message-clock");
  clock.role = "img";
  clock.ariaLabel = clock.title = words.say("message.pending");
  return clock;
}

/**
 * @param {import("../../lib/text.js").Token} token
 * @returns {Node}
 */
export function makeToken(token) {
  if (token.kind === "plain") return document.createTextNode(token.text);
  const anchor = make("a", token.kind === "number" ? "message-ref" : "message-link", token.text);
  if (token.kind === "number") {
    anchor.href = `#${token.id}`;
  } else {
    anchor.href = token.href;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer nofollow";
  }
  return anchor;
}
