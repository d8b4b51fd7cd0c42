/**
 * What a person may type instead of a command: `+👍`, `#1043 +👍`, `s/old/new/`. What is pasted is never one.
 * As chat_protocol/short_forms.py.
 *
 * @typedef {object} ShortReaction
 * @property {"react" | "unreact"} name  As of the command.
 * @property {number} [id]               Without it, the last message of somebody else is meant.
 * @property {string} emoji              In its fully qualified form.
 * @typedef {object} Substitution        An edit of one's own last message.
 * @property {"s"} name
 * @property {string} old
 * @property {string} new
 */

const REACTION = /^(?:#([0-9]{1,15}) ?)?([+-]) ?(\S+)$/u;
const SUBSTITUTION = /^s\/((?:[^/\\\n]|\\[/\\])+)\/((?:[^/\\\n]|\\[/\\])*)\/$/u;
const ESCAPED = /\\([/\\])/gu;

/**
 * @param {string} typed
 * @returns {boolean} Whether `Emojis.load` must have ended before `parseShortForm` can say what this is.
 */
export function needsEmojis(typed) {
  const [, , , emoji = ""] = REACTION.exec(typed.trim().replace(/^\\/u, "")) ?? [];
  return /[^\0-\x7f]|^:.+:$/u.test(emoji);
}

/**
 * @param {string} typed
 * @param {(text: string) => string | undefined} findEmoji  As `Emojis.find`.
 * @returns {ShortReaction | Substitution | string} The text to say if it is none, or has a backslash before it.
 */
export function parseShortForm(typed, findEmoji) {
  const found = parse(typed.trim(), findEmoji);
  if (found) return found;
  return typed.startsWith("\\") && parse(typed.slice(1).trim(), findEmoji) ? typed.slice(1) : typed;
}

/**
 * @param {Substitution} substitution
 * @param {string} text
 * @returns {string | undefined} The text with `new` where `old` is first found; undefined if it is not there.
 */
export function substitute(substitution, text) {
  const { old } = substitution;
  return text.includes(old) ? text.replace(old, () => substitution.new) : undefined;
}

/**
 * @param {string} typed
 * @param {(text: string) => string | undefined} findEmoji
 * @returns {ShortReaction | Substitution | undefined}
 */
function parse(typed, findEmoji) {
  const [, old, replacement = ""] = SUBSTITUTION.exec(typed) ?? [];
  if (old) return { name: "s", old: unescapeSlashes(old), new: unescapeSlashes(replacement) };
  const [, number, sign, given = ""] = REACTION.exec(typed) ?? [];
  const emoji = given && findEmoji(given);
  if (!emoji || Number(number) === 0) return undefined;
  const name = sign === "+" ? "react" : "unreact";
  return number ? { name, id: Number(number), emoji } : { name, emoji };
}

/** @param {string} text */
function unescapeSlashes(text) {
  return text.replace(ESCAPED, "$1");
}
