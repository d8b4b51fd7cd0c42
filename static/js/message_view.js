import { byId, make, part } from "./dom.js";
import { paintDoor, paintHue } from "./person.js";
import { clean, isEmojiOnly, tokenize } from "./text.js";

/** @typedef {import("./i18n.js").Words} Words */
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
 * aloud once only.
 *
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {Words} words
 */
export function paintMessage(element, row, words) {
  const { id, state, own, continued } = row;
  const at = new Date(row.at);
  element.classList.toggle("own", own);
  element.classList.toggle("continued", continued);
  element.dataset.state = state;
  if (id !== null) {
    element.id = `m${id}`;
    element.dataset.id = String(id);
  } else {
    element.removeAttribute("id");
    delete element.dataset.id;
  }

  const time = element.querySelector("time");
  if (time) {
    time.dateTime = row.at;
    time.replaceChildren(...(state === "pending" ? [makeClock(words)] : []), words.time(at));
    time.title = words.moment(at);
  }
  // Keeps room at the end of the last line, where the time stands.
  part(element, "message-text").dataset.time = words.time(at);
  const number = part(element, "message-number");
  part(element, "message-id").textContent = id === null ? "" : `#${id}`;
  if (id !== null) {
    number.setAttribute("href", `#${id}`);
    number.ariaLabel = words.say("message.link", { number: `#${id}`, moment: words.moment(at) });
  } else {
    number.removeAttribute("href");
    number.ariaLabel = null;
  }
  part(element, "message-state").replaceChildren(...makeState(row, words));
}

/**
 * @param {MessageRow} row
 * @param {Words} words
 * @returns {Node[]} What is to be said and done about a message that failed.
 */
function makeState({ state, ref = "", code = "" }, words) {
  if (state !== "failed") return [];
  const key = `error.${code}`;
  const reason = words.has(key) ? words.say(key) : words.say("error.other", { code });
  const buttons = ["retry", "discard"].map(action => {
    const button = make("button", "message-action", words.say(`message.${action}`));
    button.type = "button";
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
 * @param {import("./text.js").Token} token
 * @returns {Node}
 */
function makeToken(token) {
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
