import { Backoff } from "../lib/backoff.js";
import { Signal } from "../lib/signal.js";
import { PING_INTERVAL, parseFrame, SILENCE_LIMIT } from "./protocol.js";

/** @typedef {import("./protocol.js").Command} Command */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/**
 * Why there is no connection: the gateway cannot be reached, the room behind it
 * cannot, it is full, the device is offline, or the gateway or room wants no return.
 * @typedef {"gateway" | "room" | "full" | "device" | "refused"} Cause
 *
 * @typedef {object} ConnectionState
 * @property {"idle" | "connecting" | "open" | "waiting" | "stopped"} phase
 * @property {Cause} [cause]      Of the last loss; with `waiting` and `stopped`.
 * @property {number} [retryAt]   With `waiting`: `Date.now()` of the next try.
 * @property {string} [reason]    With `stopped`: a `bye` reason, or the words of the gateway.
 */

const GOING_AWAY = 1000;
const POLICY_VIOLATION = 1008;
const SERVICE_RESTART = 1012;
const TRY_LATER = 1013;

/** Of these reasons the room means "do not come back by yourself". */
const FINAL_BYES = new Set(["kicked", "banned", "password", "replaced", "left", "late"]);

/**
 * The WebSocket to the gateway, opened again whenever it is lost.
 *
 * It never gives up, except where the other side says so (`stopped`). What is
 * sent while there is no connection is refused: keeping it is the outbox's affair.
 */
export class Connection {
  /** @type {Signal<RoomEvent>} */
  events = new Signal();
  /** @type {Signal<ConnectionState>} */
  changed = new Signal();
  /** @type {ConnectionState} */
  state = { phase: "idle" };

  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer;
  /** Reason of a `bye` on the present socket, or "". */
  #bye = "";
  #backoff = new Backoff();
  #url;

  /** @param {string} url  Of the gateway's WebSocket route. */
  constructor(url) {
    this.#url = url;
  }

  /** Connect now, whatever was being waited for. No effect while connected. */
  open() {
    if (this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#bye = "";
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#heard();
      this.#enter({ phase: "open" });
    };
    socket.onmessage = ({ data }) => {
      this.#heard();
      for (const event of parseFrame(data)) {
        if (event.type === "bye") this.#bye = event.reason;
        this.events.emit(event);
      }
    };
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    // A socket that never opens is held for gone like one that fell silent.
    this.#heard();
    this.#enter({ phase: "connecting" });
  }

  /** Try at once if a try is being waited for: the network or the reader is back. */
  hurry() {
    if (this.state.phase === "waiting") this.open();
  }

  /** The room was reached; the next loss begins with short waits again. */
  settled() {
    this.#backoff.reset();
  }

  /** Close, and stay closed until `open`. */
  close() {
    this.#drop();
    this.#enter({ phase: "idle" });
  }

  /** Hold the other side for gone, although nothing said so: it does not answer. */
  abandon() {
    if (this.#socket) this.#lost();
  }

  /**
   * @param {Command} command
   * @returns {boolean} Whether it went on its way; not whether it arrived.
   */
  send(command) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    this.#planPing();
    return true;
  }

  #heard() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.abandon(), SILENCE_LIMIT);
    if (this.#pingTimer === undefined) this.#planPing();
  }

  #planPing() {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.#pingTimer = undefined;
      this.send({ type: "ping" });
    }, PING_INTERVAL);
  }

  /** Let go of the socket without waiting for its farewell: a dead one gives none. */
  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#silenceTimer);
    this.#pingTimer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(GOING_AWAY);
  }

  /**
   * @param {number} [code]  The WebSocket's close code; none if it only fell silent.
   * @param {string} [reason]
   */
  #lost(code, reason = "") {
    this.#drop();
    if (FINAL_BYES.has(this.#bye) || code === POLICY_VIOLATION) {
      this.#enter({ phase: "stopped", cause: "refused", reason: this.#bye || reason });
      return;
    }
    const delay = this.#backoff.next();
    this.#retryTimer = setTimeout(() => this.open(), delay);
    this.#enter({ phase: "waiting", cause: this.#causeOf(code), retryAt: Date.now() + delay });
  }

  /**
   * @param {number} [code]
   * @returns {Cause}
   */
  #causeOf(code) {
    if (globalThis.navigator?.onLine === false) return "device";
    if (this.#bye === "full") return "full";
    if (this.#bye || code === SERVICE_RESTART || code === TRY_LATER) return "room";
    return "gateway";
  }

  /** @param {ConnectionState} state */
  #enter(state) {
    this.state = state;
    this.changed.emit(state);
  }
}
