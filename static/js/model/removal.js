/** @typedef {import("./protocol.js").Notice} Notice */
/** @typedef {import("./protocol.js").RoomError} RoomError */

/**
 * @typedef {object} Departure       Why we left the room and do not reconnect.
 * @property {string} reason         Reason of the `bye`; "" if the user left.
 * @property {RoomError} [ban]       Says for how long, where the room told us.
 * @property {string} [comment]      The moderator's reason, in words.
 */

/** Reasons of a `bye` after which we are at the login form. */
export const REMOVAL_REASONS = ["kicked", "banned", "password"];
/** Those after which nothing unsent may be kept. */
export const MODERATED_REASONS = ["kicked", "banned"];
/** Acts with which a moderator does that. */
const REMOVING_ACTS = ["kick", "ban"];

/** What the room has told us about our removal, before the `bye`. */
export class Removal {
  /** @type {Omit<Departure, "reason">} */
  #told = {};

  /** We have joined. */
  reset() {
    this.#told = {};
  }

  /** @param {Notice} notice  About us. */
  onNotice({ act, text: comment }) {
    if (REMOVING_ACTS.includes(act)) this.#told = { comment };
  }

  /** @param {RoomError} ban */
  onBan(ban) {
    this.#told.ban = ban;
  }

  /** @param {string} reason  Of the `bye`. @returns {Departure} */
  toDeparture(reason) {
    return { reason, ...this.#told };
  }
}
