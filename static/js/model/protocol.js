/**
 * The wire protocol: the same JSON as in the room's TCP lines (docs/protocol.md).
 *
 * A frame to the gateway holds one object; a frame from it one or more, separated by LF.
 */

import {
  arrayOf,
  boolean,
  clamped,
  maxLength,
  messageId,
  nullable,
  object,
  oneOf,
  string,
  timestamp,
  truncated,
} from "../lib/shape.js";

/** Milliseconds without sending after which the page sends `ping`. */
export const PING_INTERVAL = 25_000;

/** Milliseconds without a frame after which the connection is considered dead. */
export const ANSWER_TIMEOUT = 60_000;

/** Milliseconds in which the room must answer a `ping` that checks whether it is still there. */
export const CHECK_TIMEOUT = 3_000;

/** Least milliseconds between two `typing` commands. */
export const TYPING_INTERVAL = 3_000;

/** Milliseconds for which one `typing` event is shown. */
export const TYPING_SHOWN = 5_000;

/** Messages requested with one `history` command. */
export const HISTORY_PAGE = 100;

/** Messages requested with one `search` command. */
export const SEARCH_PAGE = 20;

/**
 * @typedef {object} Position        A message in a log: up to where something was seen or read.
 * @property {string} epoch
 * @property {number} id
 * @typedef {object} Limits          What the server accepts.
 * @property {number} name           Code points of a name.
 * @property {number} text           Code points of a text.
 * @property {number} line           UTF-8 bytes of a command.
 * @property {number} history        Messages in one answer.
 * @property {number} [edit]         Seconds for which a message can be edited; none: never.
 * @typedef {{type: "join", name: string, session?: string, since?: Position, history?: number,
 *   password?: string, quiet?: boolean}} Join
 * @typedef {{type: "say", ref: string, text: string, reply?: number, kind?: "action"}} Say
 * @typedef {{type: "edit", id: number, text: string}} Edit
 * @typedef {{type: "delete", id: number}} Delete
 * @typedef {{type: "react", id: number, emoji: string, on?: boolean}} React
 * @typedef {{type: "history", before?: number, limit: number}} HistoryRequest
 * @typedef {{type: "search", query: string, before?: number, limit: number, to?: string}} SearchRequest
 * @typedef {{type: "authenticate", password: string}} Authenticate
 * @typedef {"kick" | "ban" | "unban" | "mute" | "unmute" | "delete" | "announce" | "topic"} Act
 * @typedef {{act: Act, target?: string, id?: number, seconds?: number, text?: string}} ModerationFields
 * @typedef {{type: "moderate"} & ModerationFields} Moderate
 * @typedef {{type: "whois", name: string}} WhoisRequest
 * @typedef {Authenticate | Moderate | WhoisRequest | {type: "bans"}} ModeratorCommand
 * @typedef {{type: "link", read: number}} LinkRequest
 * @typedef {{type: "people", prefix?: string, after?: string, limit?: number}} PeopleRequest
 * @typedef {{type: "away", on?: boolean, why?: string}} Away  Whether nobody is at this page.
 * @typedef {{type: "body", id: number, from: number, follow?: boolean}} BodyRequest
 * @typedef {BodyRequest | HistoryRequest | SearchRequest | LinkRequest | PeopleRequest | ModeratorCommand} RoomRequest
 * @typedef {Join | Say | ((RoomRequest | Edit | Delete | React) & {ref: string}) | {type: "typing"} | Away | {type: "ping"}
 *   | {type: "leave", forget: true}} Command
 * @typedef {ModerationFields & {by: string}} Notice  What a moderator did; `target` is absent if it is an address.
 * @typedef {object} Quote           The message that another one answers, as it is now.
 * @property {number} id
 * @property {string} [name]         Absent if the message is no longer kept, or not known here.
 * @property {string} [excerpt]      The beginning of its text in one line; absent if it is deleted too.
 * @typedef {object} Reaction        All reactions to a message with one emoji.
 * @property {string} emoji
 * @property {number} count
 * @property {string[]} [names]      The first three.
 * @property {boolean} [mine]        Whether the reader's is one of them.
 * @typedef {object} Message         `at` and `edited` are RFC 3339 in UTC.
 * @property {number} id
 * @property {string} at
 * @property {string} name
 * @property {string} text           Empty if deleted.
 * @property {Notice} [notice]       Set if the message is from the room itself.
 * @property {boolean} [deleted]
 * @property {string} [kind]         "action" if it says what its author does.
 * @property {Quote} [reply]
 * @property {string[]} [mentions]   Names of people it calls; "all" is everybody.
 * @property {string} [edited]       When, the last time.
 * @property {Reaction[]} [reactions]
 * @property {boolean} [mine]        Whether the reader has said it.
 * @property {Live} [live]           How it stands, if it is the output of a command; its text is the title then.
 * @typedef {object} Live
 * @property {"open" | "done" | "failed" | "lost"} state  `lost`: nobody has ended it.
 * @property {number} [seconds]      How long it has lasted.
 * @property {number} [code]         The exit code of the command.
 * @property {number} [bytes]        Of all final lines, and how many these are.
 * @property {number} [lines]
 * @property {string} [last]         The last lines.
 * @property {boolean} [gone]        Whether the output is no longer kept.
 * @typedef {object} BanEntry
 * @property {string} target         A name, an address or a network.
 * @property {string} at
 * @property {string | null} until   Null for a permanent ban.
 * @property {string} by
 * @property {string} [text]         The reason.
 * @typedef {{name: string, seconds?: number}} Mute  For how many more seconds; absent if for good.
 * @typedef {{id: number, at: string, by: string, text: string}} Topic  `id` is that of the notice that has told of it.
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
 * @property {boolean} [moderated]  Whether the room has moderators.
 * @property {boolean} [moderator]
 * @property {Mute[]} [muted]       For moderators.
 * @property {string[]} [can]       The acts that the room knows.
 * @property {number} [read]        The newest message read where the code of the join is from.
 * @property {Message[]} [changed]  Older messages that acts have changed meanwhile.
 * @property {boolean} [stale]      There are too many of these: what the page has may be outdated.
 * @property {string} [title]        Of the room.
 * @property {string} [welcome]      What it says to those who come.
 * @property {number} [count]       How many members there are, if `members` are only some: in a crowd.
 * @property {Topic} [topic]        Absent if there is none.
 * @property {PersonFields[]} [marked]  Who is away or a moderator.
 * @typedef {{type: "welcome"} & WelcomeFields} Welcome
 * @typedef {{type: "message"} & Message} MessageEvent
 * @typedef {{type: "ack", ref: string, id: number, at: string, mentions?: string[]}} Ack
 * @typedef {{type: "changed", id: number, at: string, by: string, act: string, message: Message, mine?: string[],
 *   emoji?: string, on?: boolean, notice?: number}} Changed  `mine`: the emojis of the reader's own reactions.
 * @typedef {{type: "joined", name: string, at: string}} Joined
 * @typedef {{type: "left", name: string, at: string, reason?: string}} Left
 * @typedef {{type: "typing", name: string}} Typing
 * @typedef {object} PersonFields    A member with what is shown of them.
 * @property {string} name
 * @property {string} [at]           Since when they are here, if that was asked.
 * @property {boolean} [moderator]
 * @property {boolean} [away]        From all devices.
 * @property {string} [why]
 * @typedef {{type: "person"} & PersonFields} Person
 * @typedef {{type: "crowd", on: boolean, count: number, members: string[]}} Crowd  From now on, or without `on` no more.
 * @typedef {{type: "count", count: number}} MemberCount
 * @typedef {{type: "people", members?: string[], more?: boolean, people?: PersonFields[], ref?: string}} People
 * @typedef {{type: "about", title?: string, welcome?: string}} AboutEvent
 * @typedef {{type: "history", messages: Message[], more: boolean, first?: number, ref?: string}} History
 * @typedef {{type: "found", messages: Message[], more: boolean, ref?: string}} Found
 * @typedef {{type: "role", moderator: boolean, muted?: Mute[], ref?: string}} Role
 * @typedef {{type: "throttled", seconds: number}} Throttled
 * @typedef {{type: "link", code: string, seconds: number, ref?: string}} LinkCode  For one more device, once.
 * @typedef {{type: "whois", name: string, addresses?: string[], ref?: string}} Whois
 * @typedef {{type: "bans", bans?: BanEntry[], more?: boolean, ref?: string}} Bans
 * @typedef {{type: "preview", id: number, lines: number, text: string}} Preview  The last lines of a live message.
 * @typedef {{type: "output", id: number, offset: number, text?: string, tail?: string}} Output
 * @typedef {{type: "body", id: number, from: number, text: string, end: number, left_out?: [number, number],
 *   tail?: string, more?: boolean, ref?: string}} Body  `from`, `end` and `left_out` are in bytes of UTF-8.
 * @typedef {object} RoomError
 * @property {"error"} type
 * @property {string} code
 * @property {string} [ref]          Of the command that was refused.
 * @property {number} [retry_after]  Seconds.
 * @property {string} [suggestion]   A name that is free.
 * @property {string} [target]       Whom or what the request was about; added by the page.
 * @typedef {{type: "bye", reason: string, retry_within?: number}} Bye
 * @typedef {Welcome | MessageEvent | Ack | Changed | Joined | Left | Crowd | MemberCount | Typing | Person | History | Found
 *   | People | AboutEvent | Role | Throttled | LinkCode | Preview | Output | Body | Whois | Bans
 *   | RoomError | Bye | {type: "pong"}} RoomEvent
 */

/** At most ten years, so that dates stay valid. */
const seconds = clamped(0, 10 * 366 * 24 * 3600);
const count = clamped(1, 2 ** 31);
/** No valid line is longer, and megabytes would take the browser long to show. */
const text = truncated(65_536);

/** A position in the output of a command, in bytes, or how many lines it has. */
const size = clamped(0, 2 ** 53);
/** An answer has at most 64 KiB, or one line. */
const output = truncated(2 ** 24);
/** The last lines of an output. */
const excerpt = truncated(4096);

const notice = object({ act: string, by: string }, { target: string, id: messageId, seconds, text });
const quote = object({ id: messageId }, { name: string, excerpt: text });
const reaction = object({ emoji: maxLength(64), count }, { names: arrayOf(string), mine: boolean });
const live = object(
  { state: oneOf("open", "done", "failed", "lost") },
  { seconds, code: clamped(-(2 ** 31), 2 ** 31), bytes: size, lines: size, last: excerpt, gone: boolean },
);
const message = object(
  { id: messageId, at: timestamp, name: string, text },
  {
    notice,
    deleted: boolean,
    kind: string,
    reply: quote,
    mentions: arrayOf(string),
    edited: timestamp,
    reactions: arrayOf(reaction),
    mine: boolean,
    live,
  },
);
const ban = object({ target: string, at: timestamp, until: nullable(timestamp), by: string }, { text });
const messages = arrayOf(message);
const person = object({ name: string }, { at: timestamp, moderator: boolean, away: boolean, why: string });
const muted = arrayOf(object({ name: string }, { seconds }));

const about = { title: truncated(64), welcome: truncated(280) };

/** What the page sends back when it reconnects: no longer than fits into a `join`. */
const identity = { name: maxLength(1024), session: maxLength(128), epoch: maxLength(1024) };

/**
 * The fields of each event that the page uses; others are not read.
 * @type {Map<unknown, import("../lib/shape.js").Shape>}
 */
const EVENTS = new Map([
  [
    "welcome",
    object(
      {
        ...identity,
        last: messageId,
        members: arrayOf(string),
        messages,
        missed: clamped(0, 2 ** 53),
        more: boolean,
        limits: object({ name: count, text: count, line: count, history: count }, { edit: seconds }),
      },
      {
        moderated: boolean,
        moderator: boolean,
        muted,
        can: arrayOf(string),
        changed: messages,
        stale: boolean,
        read: messageId,
        count,
        ...about,
        topic: object({ id: messageId, at: timestamp, by: string, text }),
        marked: arrayOf(person),
      },
    ),
  ],
  ["message", message],
  ["ack", object({ ref: string, id: messageId, at: timestamp }, { mentions: arrayOf(string) })],
  [
    "changed",
    object(
      { id: messageId, at: timestamp, by: string, act: string, message },
      { mine: arrayOf(string), emoji: string, on: boolean, notice: messageId },
    ),
  ],
  ["joined", object({ name: string, at: timestamp })],
  ["left", object({ name: string, at: timestamp }, { reason: string })],
  ["crowd", object({ on: boolean, count, members: arrayOf(string) })],
  ["count", object({ count })],
  ["people", object({}, { members: arrayOf(string), more: boolean, people: arrayOf(person), ref: string })],
  ["about", object({}, about)],
  ["typing", object({ name: string })],
  ["person", person],
  ["history", object({ messages, more: boolean }, { first: messageId, ref: string })],
  ["found", object({ messages, more: boolean }, { ref: string })],
  ["role", object({ moderator: boolean }, { muted, ref: string })],
  ["throttled", object({ seconds })],
  ["link", object({ code: maxLength(32), seconds }, { ref: string })],
  ["preview", object({ id: messageId, lines: size, text: excerpt })],
  ["output", object({ id: messageId, offset: size }, { text: output, tail: output })],
  [
    "body",
    object(
      { id: messageId, from: size, text: output, end: size },
      { left_out: arrayOf(size), tail: output, more: boolean, ref: string },
    ),
  ],
  ["whois", object({ name: string }, { addresses: arrayOf(string), ref: string })],
  ["bans", object({}, { bans: arrayOf(ban), more: boolean, ref: string })],
  ["error", object({ code: string }, { ref: string, retry_after: seconds, suggestion: string })],
  ["bye", object({ reason: string }, { retry_within: seconds })],
  ["pong", object({})],
]);

/**
 * Read the events of one frame. Lines that are no valid event are skipped: only a broken room or
 * gateway sends them, and the next may be valid.
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
