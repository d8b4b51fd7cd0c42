/**
 * The wire as the page sees it: the JSON of the room's TCP lines, unchanged.
 *
 * A frame to the gateway holds one object; a frame from it holds one or more,
 * separated by LF.
 */

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
 *
 * @typedef {{type: "error", text: string} & RefusalFields} Refusal
 * @typedef {{type: "bye", reason: string}} Bye
 * @typedef {Welcome | MessageEvent | Ack | Joined | Left | Typing | History | Found | Role
 *   | Throttled | Whois | Bans | Refusal | Bye | {type: "pong"}} RoomEvent
 */

/**
 * Read the events of one frame. A line that is no JSON object is passed over:
 * it can only come from a gateway that is broken, and the next line may be whole.
 *
 * @param {string} frame
 * @returns {RoomEvent[]}
 */
export function parseFrame(frame) {
  const events = [];
  for (const line of frame.split("\n")) {
    if (!line) continue;
    try {
      const event = JSON.parse(line);
      if (typeof event?.type === "string") events.push(event);
    } catch {
      console.warn("not an event:", line.slice(0, 200));
    }
  }
  return events;
}
