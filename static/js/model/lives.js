import { Signal } from "../lib/signal.js";

/** @typedef {import("./protocol.js").Live} Live */
/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").Output} Output */
/** @typedef {import("./protocol.js").Preview} Preview */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/** Most live messages of which something is known: a room has no more open ones. */
const MAX_OPEN = 64;

/** What the room tells of live messages while they run: when they began, and their last lines. */
export class Lives {
  /** The last lines of the message with this id are others. @type {Signal<number>} */
  grown = new Signal();
  /** Output of a message that is followed. @type {Signal<Output>} */
  output = new Signal();
  /** @type {Signal<Message>} */
  ended = new Signal();

  #epoch = "";
  /** By id. @type {Map<number, Preview>} */
  #previews = new Map();
  /** When those began that have begun before our eyes, as by `Date.now()`. @type {Map<number, number>} */
  #begun = new Map();

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    connection.events.on(event => this.#onEvent(event));
  }

  /**
   * @param {number} id
   * @param {string} at
   * @param {Live} live
   * @returns {number} For how many seconds it has run.
   */
  secondsOf(id, at, live) {
    if (live.state !== "open" && live.seconds !== undefined) return live.seconds;
    return Math.max(0, (Date.now() - (this.#begun.get(id) ?? Date.parse(at))) / 1000) || 0;
  }

  /**
   * @param {number} id
   * @param {Live} live
   * @returns {{lines: number, text: string}} The last lines, and how many there are.
   */
  lastOf(id, live) {
    const known = live.state === "open" ? this.#previews.get(id) : undefined;
    return known ?? { lines: live.lines ?? 0, text: live.last ?? "" };
  }

  /** @param {RoomEvent} event */
  #onEvent(event) {
    switch (event.type) {
      case "welcome":
        if (event.epoch === this.#epoch) break;
        this.#epoch = event.epoch;
        this.#previews.clear();
        this.#begun.clear();
        break;
      case "message":
        if (event.live?.state === "open") put(this.#begun, event.id, Date.now());
        break;
      case "preview":
        put(this.#previews, event.id, event);
        this.grown.emit(event.id);
        break;
      case "output":
        this.output.emit(event);
        break;
      case "changed":
        if (event.message.live?.state === "open") break;
        this.#previews.delete(event.message.id);
        this.#begun.delete(event.message.id);
        if (event.act === "end" && event.message.live) this.ended.emit(event.message);
    }
  }
}

/**
 * Put a value into a map, from which the oldest is dropped if there are too many.
 * @template Value
 * @param {Map<number, Value>} map
 * @param {number} id
 * @param {Value} value
 */
function put(map, id, value) {
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > MAX_OPEN && oldest !== undefined) map.delete(oldest);
}
