import { termsOf } from "../lib/excerpt.js";
import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { SEARCH_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./requests.js").Requests} Requests */

/**
 * @typedef {object} SearchResult
 * @property {string} query          With the name of the filter.
 * @property {Message[]} messages    Newest first.
 * @property {boolean} more          Whether older ones match too.
 * @property {number} [oldest]       The id up to which was searched.
 */

/**
 * Which of the messages are wanted: those that call or answer this name, and fit.
 * @typedef {{to: string, fits: (message: Message) => boolean}} Filter
 */

/** Of the messages of a filter so many are asked for at once, as some may not fit. */
const FILTERED_PAGE = 100;
/** Answers of which none fits, after which the reader is asked whether to go on. */
const MAX_EMPTY = 5;

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

  /** @type {Filter | null} */
  #filter = null;
  #requests;
  /** Answers in a row of which none fits. */
  #empty = 0;
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
   * A query without words finds nothing, but with a filter all that fit.
   * @param {string} query  At most 256 code points.
   * @param {Filter | null} [filter]
   */
  setQuery(query, filter = this.#filter) {
    if (query === this.query && filter === this.#filter) return;
    this.query = query;
    this.#filter = filter;
    this.#before = undefined;
    this.#empty = 0;
    if (filter || termsOf(query).length > 0) {
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

  /** What is looked for, and marked in what is found. */
  get #asked() {
    return this.#filter ? `${this.#filter.to} ${this.query}`.trim() : this.query;
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
    this.#empty = 0;
    this.#goOn(this.result.oldest);
  }

  /** @param {number} [before] */
  #goOn(before) {
    this.#before = before;
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
    this.setQuery("", null);
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
    const query = this.#asked;
    if (!this.online || this.#asking || this.#delay !== undefined) return;
    const before = this.#before;
    const limit = this.#filter ? FILTERED_PAGE : SEARCH_PAGE;
    this.#asking = true;
    this.#changed.clear();
    const to = this.#filter && { to: this.#filter.to };
    this.#requests.send(
      { type: "search", query: this.query, limit, ...to, ...(before && { before }) },
      answer => this.#onAnswer(answer, query, before),
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
    } else if (query !== this.#asked) {
      if (this.phase === "asking") this.#ask();
    } else if (answer.type === "found") {
      const known = before === undefined ? [] : (this.result?.messages ?? []);
      const found = answer.messages.flatMap(message => this.#newest(message)).toReversed();
      const kept = this.#filter ? found.filter(this.#filter.fits) : found;
      const oldest = answer.messages[0]?.id;
      this.result = { query, messages: [...known, ...kept], more: answer.more, oldest };
      this.#empty = kept.length === 0 ? this.#empty + 1 : 0;
      this.phase = "answered";
      this.#cancelDelay();
      if (answer.more && this.#empty > 0 && this.#empty < MAX_EMPTY) this.#goOn(oldest);
    } else {
      this.phase = "failed";
      this.#dropOldResult();
    }
    this.changed.emit();
  }

  /** Drop a result for another query, as no answer for this one is coming. */
  #dropOldResult() {
    if (this.result?.query !== this.#asked) this.result = null;
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
