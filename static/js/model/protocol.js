/**
 * The wire as the page sees it: the JSON of the room's TCP lines, unchanged.
 *
 * A frame to the gateway holds one object; a frame from it holds one or more,
 * separated by LF.
 */

import { clamped, cut, flag, listOf, moment, number, orNull, record, string, upTo } from "../lib/shape.js";

/** Milliseconds of own silence after which the page sends `ping`. */
export const PING_INTERVAL = 25_000;

/** Milliseconds without a frame after which the room is held for gone. */
export const SILENCE_LIMIT = 60_000;

/** Milliseconds that must pass between two `typing` commands. */
export const TYPING_INTERVAL = 3_000;

/** Milliseconds for which one `typing` event counts. */
export const TYPING_SHOWN = 5_000;

/** Messages asked for with one `history` command. */
export const HISTORY_PAGE = 100;

/** Messages asked for with one `search` command. */
export const SEARCH_PAGE = 20;

/**
 * @typedef {object} Mark            The newest message seen, and in which log.
 * @property {string} epoch
 * @property {number} id
 *
 * @typedef {object} Limits          What the server accepts.
 * @property {number} name           Code points of a name.
 * @property {number} text           Code points of a text.
 * @property {number} line           UTF-8 bytes of a command.
 * @property {number} history        Messages in one answer.
 *
 * @typedef {{type: "join", name: string, session?: string, since?: Mark, history?: number,
 *   password?: string}} Join
 * @typedef {{type: "say", ref: string, text: string}} Say
 * @typedef {{type: "history", before?: number, limit: number}} HistoryRequest
 * @typedef {{type: "search", query: string, before?: number, limit: number}} SearchRequest
 * @typedef {{type: "authenticate", password: string}} Authenticate
 * @typedef {"kick" | "ban" | "unban" | "mute" | "unmute" | "delete" | "announce"} Act
 * @typedef {{act: Act, target?: string, id?: number, seconds?: number, text?: string}} Deed
 * @typedef {{type: "moderate"} & Deed} Moderate
 * @typedef {{type: "whois", name: string}} WhoisRequest
 * @typedef {Authenticate | Moderate | WhoisRequest | {type: "bans"}} ModeratorCommand
 * @typedef {Join | Say | HistoryRequest | SearchRequest | ModeratorCommand | {type: "typing"}
 *   | {type: "ping"} | {type: "leave"}} Command
 *
 * @typedef {Deed & {by: string}} Notice   What a moderator did; an address or network has no `target`.
 *
 * @typedef {object} Message         What someone said. `at` is RFC 3339 in UTC.
 * @property {number} id
 * @property {string} at
 * @property {string} name
 * @property {string} text           Empty if deleted.
 * @property {Notice} [notice]       The room itself says it.
 * @property {boolean} [deleted]
 *
 * @typedef {object} BanEntry        Who is kept out: a name, an address or a network.
 * @property {string} target
 * @property {string} at
 * @property {string | null} until   Null for good.
 * @property {string} by
 * @property {string} [text]         Why.
 *
 * @typedef {object} WelcomeFields
 * @property {string} name
 * @property {string} session        Empty where the room keeps no identities.
 * @property {string} epoch
 * @property {number} last
 * @property {string[]} members
 * @property {Message[]} messages
 * @property {number} missed
 * @property {boolean} more
 * @property {Limits} limits
 * @property {boolean} [moderated]  Whether there can be moderators here.
 * @property {boolean} [moderator]
 *
 * @typedef {{type: "welcome"} & WelcomeFields} Welcome
 * @typedef {{type: "message"} & Message} MessageEvent
 * @typedef {{type: "ack", ref: string, id: number, at: string}} Ack
 * @typedef {{type: "joined", name: string, at: string}} Joined
 * @typedef {{type: "left", name: string, at: string, reason?: string}} Left
 * @typedef {{type: "typing", name: string}} Typing
 * @typedef {{type: "history", messages: Message[], more: boolean}} History
 * @typedef {{type: "found", messages: Message[], more: boolean}} Found
 * @typedef {{type: "role", moderator: boolean}} Role
 * @typedef {{type: "throttled", seconds: number}} Throttled
 * @typedef {{type: "whois", name: string, addresses?: string[]}} Whois
 * @typedef {{type: "bans", bans?: BanEntry[]}} Bans
 * @typedef {object} RefusalFields
 * @property {string} code
 * @property {string} [ref]          Of the say that was refused.
 * @property {number} [retry_after]  Seconds.
 * @property {string} [suggestion]   A name that is free.
 * @property {string} [target]       Whom or what we had asked about; ours to add.
 *
 * @typedef {{type: "error", text: string} & RefusalFields} Refusal
 * @typedef {{type: "bye", reason: string}} Bye
 * @typedef {Welcome | MessageEvent | Ack | Joined | Left | Typing | History | Found | Role
 *   | Throttled | Whois | Bans | Refusal | Bye | {type: "pong"}} RoomEvent
 */

/** Seconds: the room keeps nobody waiting for longer than ten years. */
const seconds = clamped(0, 10 * 366 * 24 * 3600);
const limit = clamped(1, 2 ** 31);
/** No line with more has ever come in; to show megabytes would take a browser long. */
const text = cut(65_536);

const notice = record({ act: string, by: string }, { target: string, id: number, seconds, text });
const message = record({ id: number, at: moment, name: string, text }, { notice, deleted: flag });
const ban = record({ target: string, at: moment, until: orNull(moment), by: string }, { text });
const messages = listOf(message);

/** What we are, and may have to say of it when we come back: only what fits into a `join`. */
const identity = { name: upTo(1024), session: upTo(128), epoch: upTo(1024) };

/**
 * The fields of each event that the page uses; what it does not know is not read.
 * @type {Map<unknown, import("../lib/shape.js").Shape>}
 */
const EVENTS = new Map([
  [
    "welcome",
    record(
      {
        ...identity,
        last: number,
        members: listOf(string),
        messages,
        missed: clamped(0, 2 ** 53),
        more: flag,
        limits: record({ name: limit, text: limit, line: limit, history: limit }),
      },
      { moderated: flag, moderator: flag },
    ),
  ],
  ["message", message],
  ["ack", record({ ref: string, id: number, at: moment })],
  ["joined", record({ name: string, at: moment })],
  ["left", record({ name: string, at: moment }, { reason: string })],
  ["typing", record({ name: string })],
  ["history", record({ messages, more: flag })],
  ["found", record({ messages, more: flag })],
  ["role", record({ moderator: flag })],
  ["throttled", record({ seconds })],
  ["whois", record({ name: string }, { addresses: listOf(string) })],
  ["bans", record({}, { bans: listOf(ban) })],
  [
    "error",
    record({ code: string, text: string }, { ref: string, retry_after: seconds, suggestion: string }),
  ],
  ["bye", record({ reason: string })],
  ["pong", record({})],
]);

/**
 * Read the events of one frame. What is none, or not as its type has to be, is passed
 * over: it can only come from a room or gateway that is broken, and the next may be whole.
 *
 * @param {string} frame
 * @returns {RoomEvent[]}
 */
export function parseFrame(frame) {
  const events = [];
  for (const line of frame.split("\n")) {
    const given = parse(line);
    const fields = EVENTS.get(given?.type)?.(given);
    if (fields) events.push({ type: given.type, ...fields });
  }
  return events;
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
