import { ANSWER_TIMEOUT, HISTORY_PAGE } from "./protocol.js";

/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./requests.js").Requests} Requests */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./timeline.js").GapItem} GapItem */

/** Milliseconds to wait for an answer before the connection is considered dead. */
const TIMEOUT = 15_000;

/** Messages around the last one read: they fit in the first packets of a new connection. */
const FIRST_PAGE = 50;

/** Loads messages that are missing in the timeline, one request at a time. */
export class History {
  #room;
  #requests;
  /** The request that awaits its answer. @type {Promise<void> | null} */
  #loading = null;

  /**
   * @param {Room} room
   * @param {Requests} requests
   */
  constructor(room, requests) {
    this.#room = room;
    this.#requests = requests;
  }

  /**
   * Request messages that are missing in a gap, unless a request is open already.
   * @param {GapItem} gap
   * @param {number} before  Only messages with smaller ids; Infinity for the newest.
   * @param {number} wanted  How many at most; the room sends no more than its limit.
   * @returns {Promise<void>} Resolves once there is an answer, or none to be had.
   */
  async load(gap, before = this.#room.timeline.requestFor(gap), wanted = HISTORY_PAGE) {
    if (this.#loading || !this.#room.joined) return;
    const limit = Math.min(wanted, this.#room.limits.history);
    this.#loading = new Promise(resolve => {
      this.#requests.send(
        { type: "history", limit, ...(Number.isFinite(before) && { before }) },
        answer => resolve(this.#onAnswer(answer, gap, before)),
        TIMEOUT,
      );
    });
    gap.loading = true;
    this.#room.changed.emit();
    await this.#loading;
  }

  /**
   * Request the messages around the last one read, right behind our join. Their answer comes with the
   * welcome, not a round trip later.
   * @param {number} id
   */
  loadBehindJoin(id) {
    if (this.#loading) return;
    const before = id + FIRST_PAGE / 2;
    this.#loading = new Promise(resolve => {
      this.#requests.send(
        { type: "history", limit: FIRST_PAGE, before },
        answer => {
          const gap = this.#room.timeline.gapAround(id);
          this.#loading = null;
          // An error says only that we have not joined, which the answer to our join says too.
          if (gap && answer.type === "history") this.#onAnswer(answer, gap, before);
          resolve();
        },
        ANSWER_TIMEOUT, // the join may have to wait
        true,
      );
    });
  }

  /**
   * Load a message into the timeline, if it is not there.
   * @param {number} id
   * @returns {Promise<boolean>} Whether it is there; false if the room no longer keeps it.
   */
  async find(id) {
    const { timeline } = this.#room;
    // With those that follow it; where the answer does not go back to it, without them.
    for (const before of [id + HISTORY_PAGE / 2, id + 1]) {
      while (this.#loading) await this.#loading;
      const gap = timeline.gapAround(id);
      if (gap) await this.load(gap, Math.min(before, timeline.bounds(gap).high));
    }
    return timeline.has(id);
  }

  /**
   * Load the newest messages into the timeline, as many as there are.
   * @param {number} count
   * @returns {Promise<number | null>} Id of the oldest of them that is there; null if none is.
   */
  async findBack(count) {
    const { timeline } = this.#room;
    let asked;
    for (;;) {
      while (this.#loading) await this.#loading;
      const { item, missing } = timeline.lookBack(count);
      if (item?.kind !== "gap") return item?.id ?? null;
      if (item === asked) return timeline.bounds(item).high; // there was no answer
      asked = item;
      await this.load(item, timeline.bounds(item).high, missing);
    }
  }

  /**
   * @param {number} time  As by `Date.now()`.
   * @returns {Promise<number | null>} Id of the first message since then; null if there is none, or no answer.
   */
  async findSince(time) {
    let [low, high] = [0, this.#room.timeline.newest + 1]; // what is at or before `low` is older
    let found = null;
    while (high - low > 1) {
      const isNear = high - low <= HISTORY_PAGE;
      const middle = isNear ? high - 1 : Math.floor((low + high) / 2);
      const answer = await this.#ask(middle + 1, isNear ? HISTORY_PAGE : 1);
      if (answer.type !== "history") return null;
      const since = answer.messages.filter(({ id, at }) => id > low && Date.parse(at) >= time);
      if (since[0]) [high, found] = [since[0].id, since[0].id];
      else low = middle;
      if (isNear && since.length < answer.messages.length) break; // a page of long texts may be shorter
    }
    return found;
  }

  /**
   * @param {number} before
   * @param {number} limit
   * @returns {Promise<RoomEvent>}
   */
  #ask(before, limit) {
    return new Promise(resolve => this.#requests.send({ type: "history", before, limit }, resolve, TIMEOUT));
  }

  /**
   * @param {RoomEvent} answer
   * @param {GapItem} gap
   * @param {number} before  As was asked.
   */
  #onAnswer(answer, gap, before) {
    this.#loading = null;
    gap.loading = false;
    if (answer.type === "history") {
      const { more, first } = answer;
      const messages = answer.messages.map(message => this.#room.claim(message));
      this.#room.unread.load(this.#room.timeline.fill(gap, messages, before, more, first));
      this.#room.changes.onNotices(messages);
    } else if (answer.type === "error" && answer.code !== "offline") {
      this.#room.failed.emit(answer.code);
    }
    this.#room.changed.emit();
  }
}
