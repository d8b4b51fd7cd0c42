/** @typedef {import("../../model/outbox.js").Parcel} Parcel */
/** @typedef {import("../../model/timeline.js").Item} Item */
/** @typedef {import("../../model/timeline.js").PresenceItem} PresenceItem */

/**
 * One line of the transcript. `key` says which element shows it, `version` changes
 * whenever that element must.
 *
 * @typedef {object} MessageRow
 * @property {"message"} kind
 * @property {string} key
 * @property {string} version
 * @property {number | null} id      Null while unknown, and of an earlier log.
 * @property {string} at
 * @property {string} name
 * @property {string} text
 * @property {boolean} own
 * @property {boolean} continued     Same author as just before: no need to say who again.
 * @property {"pending" | "sent" | "failed"} state
 * @property {boolean} [deleted]
 * @property {string} [ref]          Of what is not sent.
 * @property {string} [code]         Why it failed.
 * @property {number} [until]        Until when another try must fail.
 *
 * @typedef {object} NoticeRow       What a moderator did.
 * @property {"notice"} kind
 * @property {string} key
 * @property {string} version
 * @property {number | null} id
 * @property {string} at
 * @property {string} text           In the words of the room.
 * @property {import("../../model/protocol.js").Notice} notice
 * @property {boolean} [deleted]
 *
 * @typedef {{kind: "presence", key: string, version: string, moves: PresenceItem[]}} PresenceRow
 * @typedef {{kind: "gap", key: string, version: string, item: import("../../model/timeline.js").GapItem, first: boolean}
 *   } GapRow
 * @typedef {{kind: "day", key: string, version: string, at: string}} DayRow
 * @typedef {{kind: "unread" | "fresh", key: string, version: string}} MarkRow
 * @typedef {MessageRow | NoticeRow | PresenceRow | GapRow | DayRow | MarkRow} Row
 */

/** Messages of one author closer than this stand together. */
const TOGETHER = 5 * 60_000;

/**
 * Lay out items and parcels as lines: days and unread messages divided, one author's
 * messages together, runs of comings and goings as one.
 *
 * @param {Item[]} items
 * @param {Parcel[]} parcels        Shown behind all items.
 * @param {string} self             The reader's name.
 * @param {number | null} divider   The last id above the unread line, if there is one.
 * @param {boolean} fromStart       Whether the first item is the first of the timeline.
 * @returns {Row[]}
 */
export function layOut(items, parcels, self, divider, fromStart) {
  /** @type {Row[]} */
  const rows = [];
  let day = "";
  let divided = divider === null;
  let lastId = 0;

  /** Draw the unread line above what comes next, if all of that is unread. */
  const divide = (/** @type {number} */ seen) => {
    if (divided || seen < Number(divider)) return;
    divided = true;
    rows.push({ kind: "unread", key: "unread", version: "" });
  };

  const beginDay = (/** @type {string} */ at, /** @type {string} */ key) => {
    const date = new Date(at);
    if (Number.isNaN(date.getTime())) return;
    const today = `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
    if (today === day) return;
    day = today;
    rows.push({ kind: "day", key: `day ${key}`, version: "", at });
  };

  const addMessage = (/** @type {Omit<MessageRow, "kind" | "version" | "continued">} */ message) => {
    beginDay(message.at, message.key);
    const previous = rows.at(-1);
    const continued =
      previous?.kind === "message" &&
      previous.name === message.name &&
      Math.abs(Date.parse(message.at) - Date.parse(previous.at)) < TOGETHER;
    const { id, at, state, deleted = false, own, until = 0 } = message;
    const version = `${id} ${at} ${state} ${deleted} ${own} ${continued} ${until}`;
    rows.push({ kind: "message", ...message, continued, version });
  };

  for (const [index, item] of items.entries()) {
    if (item.kind === "message") {
      const { key, id, at, name, text, notice, deleted } = item;
      beginDay(at, key);
      if (id !== null) {
        divide(id - 1);
        lastId = id;
      }
      if (notice)
        rows.push({ kind: "notice", key, version: `${id} ${deleted}`, id, at, text, notice, deleted });
      else addMessage({ key, id, at, name, text, deleted, own: name === self, state: "sent" });
    } else if (item.kind === "presence") {
      beginDay(item.at, item.key);
      const previous = rows.at(-1);
      if (previous?.kind === "presence") {
        previous.moves.push(item);
        previous.version = String(previous.moves.length);
      } else {
        rows.push({ kind: "presence", key: item.key, version: "1", moves: [item] });
      }
    } else if (item.kind === "gap") {
      const first = fromStart && index === 0;
      if (lastId > 0) divide(lastId);
      const version = `${item.count} ${item.loading} ${first}`;
      rows.push({ kind: "gap", key: item.key, version, item, first });
    } else {
      rows.push({ kind: "fresh", key: item.key, version: "" });
    }
  }
  for (const { echoed, ...parcel } of parcels) {
    if (!echoed) addMessage({ ...parcel, key: parcel.ref, id: null, name: self, own: true });
  }
  return rows;
}

/**
 * What a run of comings and goings came to.
 *
 * @param {PresenceItem[]} moves
 * @returns {{came: string[], left: string[], passed: string[], returned: string[]}} Names: now
 *   here, now gone, briefly here, briefly gone.
 */
export function summarize(moves) {
  /** @type {Map<string, {first: boolean, last: boolean}>} */
  const people = new Map();
  for (const { name, came } of moves) {
    people.set(name, { first: people.get(name)?.first ?? came, last: came });
  }
  const names = (/** @type {boolean} */ first, /** @type {boolean} */ last) =>
    [...people].filter(([, seen]) => seen.first === first && seen.last === last).map(([name]) => name);
  return {
    came: names(true, true),
    left: names(false, false),
    passed: names(true, false),
    returned: names(false, true),
  };
}
