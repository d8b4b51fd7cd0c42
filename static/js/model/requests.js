/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./protocol.js").RoomRequest} RoomRequest */

/** Milliseconds to wait for an answer before the connection is considered dead. */
const TIMEOUT = 30_000;

/** The type of the event that answers each request, unless an `error` does. */
const ANSWERS = {
  history: "history",
  search: "found",
  authenticate: "role",
  moderate: "ack",
  whois: "whois",
  bans: "bans",
  link: "link",
  people: "people",
  body: "body",
};

/** Requests to the room that await their answers. Each has a `ref`, which its answer carries back. */
export class Requests {
  /** Whether we have joined on the present connection, so that requests can be sent. */
  online = false;

  #connection;
  #count = 0;
  /**
   * By ref.
   * @type {Map<string, {type: string, onAnswer: (answer: RoomEvent) => void,
   *   timer: ReturnType<typeof setTimeout>}>}
   */
  #pending = new Map();

  /** @param {Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * @param {RoomRequest} request
   * @param {(answer: RoomEvent) => void} onAnswer  Called once: with the answer of this type of
   *   request, or an `error`, whose code is `offline` if the connection is lost first.
   * @param {number} timeout  Milliseconds.
   * @param {boolean} joining  Whether it follows our join, which is not answered yet.
   */
  send(request, onAnswer, timeout = TIMEOUT, joining = false) {
    this.#count += 1;
    const ref = String(this.#count);
    const timer = setTimeout(() => this.#connection.reconnect(), timeout);
    this.#pending.set(ref, { type: ANSWERS[request.type], onAnswer, timer });
    if (this.online || joining) this.#connection.send({ ...request, ref });
    else this.#fail(ref);
  }

  /**
   * @param {RoomEvent} event
   * @returns {boolean} Whether it is the answer to one of the requests.
   */
  settle(event) {
    const ref = "ref" in event ? (event.ref ?? "") : "";
    const request = this.#pending.get(ref);
    if (!request || (event.type !== request.type && event.type !== "error")) return false;
    this.#pending.delete(ref);
    clearTimeout(request.timer);
    request.onAnswer(event);
    return true;
  }

  /** The connection is lost: all pending requests fail. */
  onDisconnect() {
    this.online = false;
    for (const ref of [...this.#pending.keys()]) this.#fail(ref);
  }

  /** @param {string} ref */
  #fail(ref) {
    this.settle({ type: "error", code: "offline", ref });
  }
}
