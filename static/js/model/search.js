import { termsOf } from "../lib/excerpt.js";
import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { SEARCH_PAGE } from "./protocol.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./protocol.js").Message} Message */

/**
 * @typedef {object} Finding         The answer to a query, as far as it was asked for.
 * @property {string} query
 * @property {Message[]} messages    Newest first.
 * @property {boolean} more          Whether older ones match too.
 */

/** Seconds without another letter after which the room is asked. */
const REST = 0.25;
/** Milliseconds to wait for an answer; a room that takes longer is held for gone. */
const DEADLINE = 30_000;

/**
 * What is looked for in the room's log, and what was found.
 *
 * The wire tells answers apart only by their order, so there is one question at a
 * time; the answer to what nobody wants to know any more is ignored. What was found
 * stays until there is an answer to what is wanted now, if that can be had.
 */
export class Search {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room keeps anything to search in. */
  possible;
  /** Whether the room hears us. */
  online = false;
  query = "";
  /** @type {"idle" | "asking" | "answered" | "failed"} */
  phase = "idle";
  /** @type {Finding | null} */
  found = null;

  #connection;
  /** The log that `found` is of. */
  #epoch = "";
  /** What was deleted from it since we know it. @type {Set<number>} */
  #deleted = new Set();
  /** What is wanted: only messages with smaller ids; undefined for the newest. @type {number | undefined} */
  #before;
  /** The question on its way. @type {{query: string, before: number | undefined} | null} */
  #asked = null;
  /** Not to ask before. @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;

  /**
   * @param {Connection} connection
   * @param {boolean} possible  As far as is known from before.
   */
  constructor(connection, possible) {
    this.#connection = connection;
    this.possible = possible;
  }

  /**
   * Look for messages in which every word of the query begins a word, once the
   * typing pauses. A query without words finds nothing.
   *
   * @param {string} query  At most 256 code points.
   */
  want(query) {
    if (query === this.query) return;
    this.query = query;
    this.#before = undefined;
    if (termsOf(query).length > 0) {
      this.phase = "asking";
      this.#pause(REST);
      if (!this.online) this.found = null;
    } else {
      this.phase = "idle";
      this.#hurry();
      this.found = null;
    }
    this.changed.emit();
  }

  /** Ask at once: the typing is done, or may work now what did not. */
  again() {
    if (this.phase === "idle") return;
    this.phase = "asking";
    this.#hurry();
    this.#ask();
    this.changed.emit();
  }

  /** Look for what is older than all that was found. */
  goOn() {
    if (this.phase !== "answered" || !this.found?.more) return;
    this.#before = this.found.messages.at(-1)?.id;
    this.again();
  }

  /**
   * The room has let us in.
   * @param {boolean} possible
   * @param {string} epoch
   */
  begin(possible, epoch) {
    this.possible = possible;
    this.online = true;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#deleted.clear();
      this.#before = undefined;
      this.found = null;
      if (this.phase !== "idle") this.phase = "asking";
    }
    if (this.phase === "asking") this.#ask();
    this.changed.emit();
  }

  /** The connection is lost; what was wanted is asked for when it is back. */
  lose() {
    this.#settle();
    this.online = false;
    this.#dropOld();
    this.changed.emit();
  }

  /** Nobody is looking for anything any more. */
  reset() {
    this.want("");
    this.possible = false;
    this.lose();
  }

  /**
   * A message was deleted: it is found no more, also where its answer is on the way.
   * @param {number} id
   */
  forget(id) {
    this.#deleted.add(id);
    if (!this.found?.messages.some(message => message.id === id)) return;
    this.found = { ...this.found, messages: this.found.messages.filter(message => message.id !== id) };
    this.changed.emit();
  }

  /** @param {{messages: Message[], more: boolean}} answer  Oldest first. */
  answer({ messages, more }) {
    const asked = this.#settle();
    if (!asked) return;
    if (asked.query === this.query) {
      const known = asked.before === undefined ? [] : (this.found?.messages ?? []);
      const kept = messages.filter(({ id }) => !this.#deleted.has(id)).toReversed();
      this.found = { query: asked.query, messages: [...known, ...kept], more };
      this.phase = "answered";
      this.#hurry();
    } else if (this.phase === "asking") {
      this.#ask();
    }
    this.changed.emit();
  }

  /**
   * @param {string} code
   * @param {number} [retryAfter]  Seconds.
   * @returns {boolean} Whether it was our question that the room refused.
   */
  refuse(code, retryAfter) {
    const asked = this.#settle();
    if (!asked) return false;
    if (code === "too_fast" && retryAfter) {
      this.#pause(retryAfter);
    } else if (asked.query === this.query) {
      this.phase = "failed";
      this.#dropOld();
    } else if (this.phase === "asking") {
      this.#ask();
    }
    this.changed.emit();
    return true;
  }

  #ask() {
    const { query } = this;
    if (!this.online || this.#asked || this.#rest !== undefined) return;
    const before = this.#before;
    this.#connection.send({ type: "search", query, limit: SEARCH_PAGE, ...(before && { before }) });
    this.#asked = { query, before };
    this.#deadline = setTimeout(() => this.#connection.abandon(), DEADLINE);
  }

  /** What was found for another query stays only while this one's answer is coming. */
  #dropOld() {
    if (this.found?.query !== this.query) this.found = null;
  }

  #settle() {
    clearTimeout(this.#deadline);
    const asked = this.#asked;
    this.#asked = null;
    return asked;
  }

  /** @param {number} seconds  From now, before which nothing is asked. */
  #pause(seconds) {
    clearTimeout(this.#rest);
    this.#rest = after(seconds, () => {
      this.#rest = undefined;
      if (this.phase === "asking") this.#ask();
    });
  }

  #hurry() {
    clearTimeout(this.#rest);
    this.#rest = undefined;
  }
}
