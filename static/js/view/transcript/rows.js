import { isCalled } from "../../lib/mentions.js";

/** @typedef {import("../../model/acts.js").ShownItem} ShownItem */
/** @typedef {import("../../model/acts.js").ShownMessage} ShownMessage */
/** @typedef {import("../../model/outbox.js").OutgoingAct} OutgoingAct */
/** @typedef {import("../../model/timeline.js").Item} Item */
/** @typedef {import("../../model/timeline.js").PresenceItem} PresenceItem */

/**
 * One row of the transcript. `key` identifies its element; whenever `version` changes, the element
 * must be updated.
 * @typedef {object} MessageRow
 * @property {"message"} kind
 * @property {string} key
 * @property {string} version
 * @property {number | null} id      Null while unknown, and in an earlier log.
 * @property {string} at
 * @property {string} name
 * @property {string} text
 * @property {boolean} own
 * @property {number} [changes]      Increases when something of it has changed.
 * @property {boolean} continued     Same author as the row before: the name is not repeated.
 * @property {"pending" | "sent" | "failed"} state
 * @property {boolean} [deleted]
 * @property {boolean} [action]      What its author does, as one sentence with the name.
 * @property {import("./quote_view.js").Quote} [reply]  The message that this one answers.
 * @property {import("./text_view.js").Called} [called]
 * @property {string} [edited]       When its text was changed last.
 * @property {RowAct[]} [acts]  What the reader does with it and is not done yet, or has failed.
 * @property {import("./reactions_view.js").Reaction[]} [reactions]
 * @property {import("../../model/protocol.js").Live} [live]  Set if it is the output of a command.
 * @property {string} [ref]          Of a message not yet sent.
 * @property {string} [code]         Why it failed.
 * @property {number} [until]        Until when another attempt must fail, as by `Date.now()`.
 *
 * @typedef {OutgoingAct & {canRetry?: boolean}} RowAct
 *
 * What a moderator did; `text` is the room's own description of it.
 * @typedef {{kind: "notice", key: string, version: string, id: number | null, at: string, text: string,
 *   notice: import("../../model/protocol.js").Notice, deleted?: boolean}} NoticeRow
 * @typedef {{kind: "presence", key: string, version: string, items: PresenceItem[]}} PresenceRow
 * @typedef {{kind: "gap", key: string, version: string, item: import("../../model/timeline.js").GapItem, first: boolean}
 *   } GapRow
 * @typedef {{kind: "day", key: string, version: string, at: string, day: string}} DayRow  `day` as in ISO 8601
 * @typedef {{kind: "unread" | "new-log", key: string, version: string}} MarkRow
 *
 * @typedef {{kind: "fold", key: string, version: string, item: import("./folds.js").FoldItem}} FoldRow
 * @typedef {MessageRow | NoticeRow | PresenceRow | GapRow | DayRow | MarkRow | FoldRow} Row
 */

/** Messages of one author are grouped if they are no further apart, in milliseconds. */
const GROUP_WINDOW = 5 * 60_000;

/**
 * Lay out items and outgoing messages as rows: with dividers for days and unread messages, the
 * messages of one author grouped, and successive joins and leaves in one row.
 * @param {(Item | import("./folds.js").FoldItem)[]} items
 * @param {ShownMessage[]} outgoing  Shown after all items.
 * @param {string} self             The reader's name.
 * @param {number | null} divider   The last id above the divider for unread messages, if there is one.
 * @param {boolean} fromStart       Whether the first item is the first of the timeline.
 * @returns {Row[]}
 */
export function layOutRows(items, outgoing, self, divider, fromStart) {
  /** @type {Row[]} */
  const rows = [];
  const day = { begin: 0, end: 0 };
  /** How often each day has begun: messages may be out of order. @type {Map<string, number>} */
  const begun = new Map();
  let time = 0; // of the present row, as by `Date.parse`
  let saidAt = 0;
  let divided = divider === null;
  let lastId = 0;

  /** Put the divider for unread messages here, if all messages that follow are unread. */
  const divide = (/** @type {number} */ previousId) => {
    if (divided || previousId < Number(divider)) return;
    divided = true;
    rows.push({ kind: "unread", key: "unread", version: "" });
  };

  const beginDay = (/** @type {string} */ at) => {
    time = Date.parse(at);
    if (Number.isNaN(time) || (time >= day.begin && time < day.end)) return;
    const date = new Date(time);
    const [year, month, number] = [date.getFullYear(), date.getMonth(), date.getDate()];
    day.begin = new Date(year, month, number).getTime();
    day.end = new Date(year, month, number + 1).getTime();
    const name = isoDay(date);
    const count = begun.get(name) ?? 0;
    begun.set(name, count + 1);
    rows.push({ kind: "day", key: `day ${name} ${count}`, version: name, at, day: name });
  };

  const addMessage = (/** @type {Omit<MessageRow, "kind" | "version" | "continued">} */ message) => {
    beginDay(message.at);
    const previous = rows.at(-1);
    const continued =
      previous?.kind === "message" &&
      previous.name === message.name &&
      !previous.action &&
      !message.action &&
      Math.abs(time - saidAt) < GROUP_WINDOW;
    saidAt = time;
    const { id, at, state, deleted = false, own, until = 0 } = message;
    const waits = until > Date.now();
    const acts = message.acts?.map(act => `${act.ref} ${act.state}`).join(" ") ?? "";
    const version = `${id} ${at} ${state} ${deleted} ${own} ${continued} ${until} ${waits} ${message.changes} ${acts}`;
    rows.push({ kind: "message", ...message, continued, version });
  };

  for (const [index, item] of items.entries()) {
    if (item.kind === "message") {
      const { key, id, at, name, text, notice, deleted } = item;
      beginDay(at);
      if (id !== null) {
        divide(id - 1);
        lastId = id;
      }
      if (notice)
        rows.push({ kind: "notice", key, version: `${id} ${deleted}`, id, at, text, notice, deleted });
      else {
        const {
          action,
          reply,
          edited,
          reactions,
          acts,
          live,
          version: changes,
        } = /** @type {ShownItem} */ (item);
        const own = item.mine ?? name === self;
        const called = calledIn(item, self, own);
        const said = {
          key,
          id,
          at,
          name,
          text,
          deleted,
          own,
          action,
          reply,
          called,
          edited,
          reactions,
          acts,
          live,
        };
        addMessage({ ...said, changes, state: "sent" });
      }
    } else if (item.kind === "presence") {
      beginDay(item.at);
      const previous = rows.at(-1);
      if (previous?.kind === "presence") {
        previous.items.push(item);
        previous.version = String(previous.items.length);
      } else {
        rows.push({ kind: "presence", key: item.key, version: "1", items: [item] });
      }
    } else if (item.kind === "fold") {
      beginDay(item.at);
      if (item.id !== null) divide(item.id - 1);
      const version = `${item.count} ${item.open} ${item.names}`;
      rows.push({ kind: "fold", key: item.key, version, item });
    } else if (item.kind === "gap") {
      const first = fromStart && index === 0;
      if (lastId > 0) divide(lastId);
      const version = `${item.count} ${item.loading} ${first}`;
      rows.push({ kind: "gap", key: item.key, version, item, first });
    } else {
      rows.push({ kind: "new-log", key: item.key, version: "" });
    }
  }
  for (const { replayed, ...message } of outgoing) {
    if (!replayed && !message.deleted)
      addMessage({ ...message, key: message.ref, id: null, name: self, own: true });
  }
  return rows;
}

/**
 * @param {ShownItem} item
 * @param {string} self
 * @param {boolean} own  Nobody calls themselves.
 * @returns {import("./text_view.js").Called | undefined}
 */
function calledIn({ mentions }, self, own) {
  if (!mentions?.length) return undefined;
  return { names: mentions, self, isReader: !own && isCalled(mentions, self) };
}

/** @param {Date} date @returns {string} Its day here, «2026-11-27». */
function isoDay(date) {
  const [month, day] = [date.getMonth() + 1, date.getDate()].map(each => String(each).padStart(2, "0"));
  return `${String(date.getFullYear()).padStart(4, "0")}-${month}-${day}`;
}

/**
 * Summarize successive joins and leaves.
 * @param {PresenceItem[]} items
 * @returns {{joined: string[], left: string[], visited: string[], returned: string[]}} Names:
 *   who is here now, is gone now, was here for a while, and was gone for a while.
 */
export function summarize(items) {
  /** @type {Map<string, {first: boolean, last: boolean}>} */
  const people = new Map();
  for (const { name, joined } of items) {
    people.set(name, { first: people.get(name)?.first ?? joined, last: joined });
  }
  const names = (/** @type {boolean} */ first, /** @type {boolean} */ last) =>
    [...people].filter(([, each]) => each.first === first && each.last === last).map(([name]) => name);
  return {
    joined: names(true, true),
    left: names(false, false),
    visited: names(true, false),
    returned: names(false, true),
  };
}
