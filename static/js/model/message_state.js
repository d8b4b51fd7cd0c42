import { lengthOf } from "../lib/text.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").Quote} Quote */
/** @typedef {import("./protocol.js").Reaction} Reaction */

/**
 * What acts change of a message, and what it is known to be like.
 * @typedef {object} MessageState
 * @property {string} text
 * @property {boolean} deleted
 * @property {boolean} action       Whether it says what its author does: `/me`.
 * @property {Quote} [reply]        The message that it answers.
 * @property {string[]} mentions
 * @property {string} [edited]
 * @property {Reaction[]} reactions
 * @property {boolean} mine         Whether the reader has said it.
 * @property {import("./protocol.js").Live} [live]  How it stands, if it is the output of a command.
 */

/** Code points of the beginning of a text in a quote, as in the room's. */
const EXCERPT = 100;
/** A line above or below lines of code. */
const FENCE = /^ {0,3}```[^`\n]*$/gm;

/**
 * @param {Message} message
 * @returns {MessageState}
 */
export function stateOf({ text, deleted, kind, reply, mentions, edited, reactions, mine, live }) {
  return {
    text,
    deleted: deleted ?? false,
    action: kind === "action",
    reply,
    mentions: mentions ?? [],
    edited,
    reactions: reactions ?? [],
    mine: mine ?? false,
    live,
  };
}

/**
 * @param {{id: number | null, name: string, text: string, notice?: import("./protocol.js").Notice}} message
 * @returns {Quote} It, as the room quotes it in an answer (chat_protocol/message.py).
 */
export function quoteOf({ id, name, text, notice }) {
  const said = (text && notice?.text) || text;
  const beginning = Array.from(said.slice(0, 8 * EXCERPT))
    .slice(0, 4 * EXCERPT)
    .join("");
  const line = oneLine(beginning.replace(FENCE, "")) || oneLine(beginning);
  const isCut = lengthOf(line) > EXCERPT || lengthOf(said) > 4 * EXCERPT;
  const excerpt = isCut ? `${[...line].slice(0, EXCERPT - 1).join("")}…` : line;
  return { id: id ?? 0, name, excerpt };
}

/**
 * Mark the reader's own reactions.
 * @param {Reaction[]} reactions
 * @param {string[]} own  Their emojis; those of others than these have no effect.
 * @returns {Reaction[]}
 */
export function markOwn(reactions, own) {
  return reactions.map(reaction => ({ ...reaction, mine: own.includes(reaction.emoji) }));
}

/**
 * @param {Reaction[]} reactions
 * @returns {string[]} The emojis of the reader's own.
 */
export function ownOf(reactions) {
  return reactions.filter(({ mine }) => mine).map(({ emoji }) => emoji);
}

/**
 * Add the reader's reaction, or take it back.
 * @param {Reaction[]} reactions
 * @param {string} emoji
 * @param {boolean} on
 * @param {string} name  The reader's.
 * @returns {Reaction[]}
 */
export function toggleReaction(reactions, emoji, on, name) {
  const known = reactions.find(each => each.emoji === emoji);
  if (!known) return on ? [...reactions, { emoji, count: 1, names: [name], mine: true }] : reactions;
  if (Boolean(known.mine) === on) return reactions;
  const others = (known.names ?? []).filter(each => each !== name);
  const count = known.count + (on ? 1 : -1);
  const names = on && others.length < Math.min(3, count) ? [...others, name] : others;
  return reactions
    .map(each => (each === known ? { emoji, count, names, mine: on } : each))
    .filter(each => each.count > 0);
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/gu, " ").trim();
}
