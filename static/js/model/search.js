import { termsOf } from "../lib/excerpt.js";
import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { SEARCH_PAGE } from "./protocol.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./protocol.js").Message} Message */

/**
 * @typedef {object} SearchResult
 * @property {string} query
 * @property {Message[]} messages    Newest first.
 * @property {boolean} more          Whether older ones match too.
 */

/** Seconds without typing after which the room is asked. */
const DEBOUNCE = 0.25;
/** Milliseconds to wait for an answer before the connection is considered dead. */
const TIMEOUT = 30_000;

/**
 * A search in the room's log: what is looked for, and what was found.
 *
 * The wire tells answers apart only by their order, so there is one request at a time; the answer
 * to a query that has changed meanwhile is ignored. An old result stays until there is a new one,
 * or none can be had.
 */
export class Search {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room keeps a log to search in. */
  available;
  /** Whether we are in the room. */
  online = false;
  query = "";
  /** @type {"idle" | "asking" | "answered" | "failed"} */
  phase = "idle";
  /** @type {SearchResult | null} */
  result = null;

  #connection;
  /** The log that `result` is from. */
  #epoch = "";
  /** Ids of the messages deleted from it since we joined. @type {Set<number>} */
  #deleted = new Set();
  /** Only messages with smaller ids are wanted; undefined for the newest. @type {number | undefined} */
  #before;
  /** The request that awaits its answer. @type {{query: string, before: number | undefined} | null} */
  #request = null;
  /** While it runs, nothing is asked. @type {ReturnType<typeof setTimeout> | undefined} */
  #delay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timeout;

  /**
   * @param {Connection} connection
   * @param {boolean} available  As far as known from an earlier visit.
   */
  constructor(connection, available) {
    this.#connection = connection;
    this.available = available;
  }

  /**
   * Search for messages in which every word of the query begins a word, once the typing pauses.
   * A query without words finds nothing.
   *
   * @param {string} query  At most 256 code points.
   */
  setQuery(query) {
    if (query === this.query) return;
    this.query = query;
    this.#before = undefined;
    if (termsOf(query).length > 0) {
      this.phase = "asking";
      this.#startDelay(DEBOUNCE);
      if (!this.online) this.result = null;
    } else {
      this.phase = "idle";
      this.#cancelDelay();
      this.result = null;
    }
    this.changed.emit();
  }

  /** Ask at once: the typing is done, or what failed is to be tried again. */
  retry() {
    if (this.phase === "idle") return;
    this.phase = "asking";
    this.#cancelDelay();
    this.#ask();
    this.changed.emit();
  }

  /** Search for messages older than those found. */
  loadMore() {
    if (this.phase !== "answered" || !this.result?.more) return;
    this.#before = this.result.messages.at(-1)?.id;
    this.retry();
  }

  /**
   * We have joined the room.
   * @param {boolean} available
   * @param {string} epoch
   */
  onJoined(available, epoch) {
    this.available = available;
    this.online = true;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#deleted.clear();
      this.#before = undefined;
      this.result = null;
      if (this.phase !== "idle") this.phase = "asking";
    }
    if (this.phase === "asking") this.#ask();
    this.changed.emit();
  }

  /** The connection is lost; an open request is sent again when it is back. */
  onDisconnect() {
    this.#endRequest();
    this.online = false;
    this.#dropOldResult();
    this.changed.emit();
  }

  /** We have left the room. */
  reset() {
    this.setQuery("");
    this.available = false;
    this.onDisconnect();
  }

  /**
   * A message was deleted: remove it from the result, and from an answer that is still to come.
   * @param {number} id
   */
  remove(id) {
    this.#deleted.add(id);
    if (!this.result?.messages.some(message => message.id === id)) return;
    this.result = { ...this.result, messages: this.result.messages.filter(message => message.id !== id) };
    this.changed.emit();
  }

  /** @param {{messages: Message[], more: boolean}} answer  Oldest first. */
  onFound({ messages, more }) {
    const request = this.#endRequest();
    if (!request) return;
    if (request.query === this.query) {
      const known = request.before === undefined ? [] : (this.result?.messages ?? []);
      const kept = messages.filter(({ id }) => !this.#deleted.has(id)).toReversed();
      this.result = { query: request.query, messages: [...known, ...kept], more };
      this.phase = "answered";
      this.#cancelDelay();
    } else if (this.phase === "asking") {
      this.#ask();
    }
    this.changed.emit();
  }

  /**
   * @param {string} code
   * @param {number} [retryAfter]  Seconds.
   * @returns {boolean} Whether it was our request that the room refused.
   */
  onError(code, retryAfter) {
    const request = this.#endRequest();
    if (!request) return false;
    if (code === "too_fast" && retryAfter) {
      this.#startDelay(retryAfter);
    } else if (request.query === this.query) {
      this.phase = "failed";
      this.#dropOldResult();
    } else if (this.phase === "asking") {
      this.#ask();
    }
    this.changed.emit();
    return true;
  }

  #ask() {
    const { query } = this;
    if (!this.online || this.#request || this.#delay !== undefined) return;
    const before = this.#before;
    this.#connection.send({ type: "search", query, limit: SEARCH_PAGE, ...(before && { before }) });
    this.#request = { query, before };
    this.#timeout = setTimeout(() => this.#connection.reconnect(), TIMEOUT);
  }

  /** Drop a result for another query, as no answer for this one is coming. */
  #dropOldResult() {
    if (this.result?.query !== this.query) this.result = null;
  }

  #endRequest() {
    clearTimeout(this.#timeout);
    const request = this.#request;
    this.#request = null;
    return request;
  }

  /** @param {number} seconds  Before which nothing is asked. */
  #startDelay(seconds) {
    clearTimeout(this.#delay);
    this.#delay = after(seconds, () => {
      this.#delay = undefined;
      if (this.phase === "asking") this.#ask();
    });
  }

  #cancelDelay() {
    clearTimeout(this.#delay);
    this.#delay = undefined;
  }
}
