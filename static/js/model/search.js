import { termsOf } from "../lib/excerpt.js";
import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { SEARCH_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./requests.js").Requests} Requests */

/**
 * @typedef {object} SearchResult
 * @property {string} query
 * @property {Message[]} messages    Newest first.
 * @property {boolean} more          Whether older ones match too.
 */

/** Seconds without typing after which the room is asked. */
const DEBOUNCE = 0.25;

/**
 * A search in the room's log: what is looked for, and what was found.
 *
 * There is one request at a time, so that fast typing costs the room little; the answer to a query
 * that has changed meanwhile is ignored. An old result stays until there is a new one, or none can
 * be had.
 */
export class Search {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room keeps a log to search in. */
  available;
  query = "";
  /** @type {"idle" | "asking" | "answered" | "failed"} */
  phase = "idle";
  /** @type {SearchResult | null} */
  result = null;

  #requests;
  /** The log that `result` is from. */
  #epoch = "";
  /** What has changed since it was asked for: as it is now, or null if deleted. @type {Map<number, Message | null>} */
  #changed = new Map();
  /** Only messages with smaller ids are wanted; undefined for the newest. @type {number | undefined} */
  #before;
  /** Whether a request awaits its answer. */
  #asking = false;
  /** While it runs, nothing is asked. @type {ReturnType<typeof setTimeout> | undefined} */
  #delay;

  /**
   * @param {Requests} requests
   * @param {boolean} available  As far as known from an earlier visit.
   */
  constructor(requests, available) {
    this.#requests = requests;
    this.available = available;
  }

  /** Whether we have joined the room. */
  get online() {
    return this.#requests.online;
  }

  /**
   * Search for messages in which every word of the query begins a word, once the typing pauses.
   * A query without words finds nothing.
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
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#before = undefined;
      this.result = null;
      if (this.phase !== "idle") this.phase = "asking";
    }
    if (this.phase === "asking") this.#ask();
    this.changed.emit();
  }

  /** The connection is lost; the room is asked again when it is back. */
  onDisconnect() {
    this.#dropOldResult();
    this.changed.emit();
  }

  /** We have left the room. */
  reset() {
    this.setQuery("");
    this.available = false;
    this.onDisconnect();
  }

  /** A message was deleted, also from an answer that is still to come. @param {number} id */
  remove(id) {
    this.#changed.set(id, null);
    this.#update();
  }

  /** A message has changed, also in an answer that is still to come. @param {Message} message  As it is now. */
  change(message) {
    this.#changed.set(message.id, message);
    this.#update();
  }

  /** Bring the result up to date. */
  #update() {
    const { result } = this;
    if (result?.messages.some(({ id }) => this.#changed.has(id))) {
      this.result = { ...result, messages: result.messages.flatMap(message => this.#newest(message)) };
      this.changed.emit();
    }
    if (!this.#asking) this.#changed.clear();
  }

  /** @param {Message} message @returns {Message[]} It as it is now, or nothing. */
  #newest(message) {
    const changed = this.#changed.get(message.id);
    if (changed === undefined) return [message];
    return changed ? [{ ...changed, mine: message.mine }] : [];
  }

  #ask() {
    const { query } = this;
    if (!this.online || this.#asking || this.#delay !== undefined) return;
    const before = this.#before;
    this.#asking = true;
    this.#changed.clear();
    this.#requests.send({ type: "search", query, limit: SEARCH_PAGE, ...(before && { before }) }, answer =>
      this.#onAnswer(answer, query, before),
    );
  }

  /**
   * @param {RoomEvent} answer
   * @param {string} query
   * @param {number | undefined} before  As was asked.
   */
  #onAnswer(answer, query, before) {
    this.#asking = false;
    if (answer.type === "error" && answer.code === "offline") return;
    if (answer.type === "error" && answer.code === "too_fast" && answer.retry_after) {
      this.#startDelay(answer.retry_after);
    } else if (query !== this.query) {
      if (this.phase === "asking") this.#ask();
    } else if (answer.type === "found") {
      const known = before === undefined ? [] : (this.result?.messages ?? []);
      const kept = answer.messages.flatMap(message => this.#newest(message)).toReversed();
      this.result = { query, messages: [...known, ...kept], more: answer.more };
      this.phase = "answered";
      this.#cancelDelay();
    } else {
      this.phase = "failed";
      this.#dropOldResult();
    }
    this.changed.emit();
  }

  /** Drop a result for another query, as no answer for this one is coming. */
  #dropOldResult() {
    if (this.result?.query !== this.query) this.result = null;
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
