import { Backoff } from "../lib/backoff.js";
import { Signal } from "../lib/signal.js";
import { IDLE_TIMEOUT, PING_INTERVAL, parseFrame } from "./protocol.js";

/** @typedef {import("./protocol.js").Command} Command */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/**
 * Why there is no connection: the gateway cannot be reached, the room behind it cannot, the room
 * is full, the device is offline, or the gateway or the room refuses us.
 * @typedef {"gateway" | "room" | "full" | "device" | "refused"} Cause
 * @typedef {object} ConnectionState
 * @property {"idle" | "connecting" | "open" | "waiting" | "stopped"} phase
 * @property {Cause} [cause]      Of the last loss; with `waiting` and `stopped`.
 * @property {number} [retryAt]   With `waiting`: when the next attempt is made, as by `Date.now()`.
 * @property {string} [reason]    With `stopped`: a `bye` reason, or the gateway's close reason.
 */

const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008;
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

/** Reasons of a `bye` after which the page must not reconnect by itself. */
const FINAL_BYES = new Set(["kicked", "banned", "password", "replaced", "left", "late"]);

/**
 * The WebSocket to the gateway, opened again whenever it is lost.
 *
 * It never gives up, unless the other side says so (`stopped`). A command sent while there is no
 * connection is refused; the outbox keeps what must not be lost.
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
  #idleTimer;
  /** Reason of a `bye` on the present socket, or "". */
  #bye = "";
  #backoff = new Backoff();
  #url;
  /** @type {WebSocket | undefined} */
  #early;

  /**
   * @param {string} url        Of the gateway's WebSocket route.
   * @param {WebSocket} [early]  One to that URL, opened already: used first, if it is still alive.
   */
  constructor(url, early) {
    this.#url = url;
    this.#early = early;
  }

  /** Connect now, without waiting any longer. No effect while connected. */
  open() {
    if (this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#bye = "";
    const early = this.#takeEarly();
    const socket = early && early.readyState <= WebSocket.OPEN ? early : new WebSocket(this.#url);
    this.#socket = socket;
    const onOpen = () => {
      this.#restartIdleTimer();
      this.#setState({ phase: "open" });
    };
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => {
      this.#restartIdleTimer();
      for (const event of parseFrame(data)) {
        if (event.type === "bye") this.#bye = event.reason;
        this.events.emit(event);
      }
    };
    socket.onclose = ({ code, reason }) => this.#onClose(code, reason);
    // Also limits how long the opening may take.
    this.#restartIdleTimer();
    this.#setState({ phase: "connecting" });
    if (socket.readyState === WebSocket.OPEN) onOpen();
  }

  /** Try at once if an attempt is being waited for: the network or the reader is back. */
  retryNow() {
    if (this.state.phase === "waiting") this.open();
  }

  /** The room was reached: after the next loss, waits start short again. */
  markStable() {
    this.#backoff.reset();
  }

  /** Close, and stay closed until `open`. */
  close() {
    this.#takeEarly()?.close();
    this.#dropSocket();
    this.#setState({ phase: "idle" });
  }

  /** Drop a connection that seems open, but on which the room does not answer, and connect anew. */
  reconnect() {
    if (this.#socket) this.#onClose();
  }

  /**
   * @param {Command} command
   * @returns {boolean} Whether it was sent; that does not mean it arrived.
   */
  send(command) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    this.#schedulePing();
    return true;
  }

  #takeEarly() {
    const early = this.#early;
    this.#early = undefined;
    return early;
  }

  #restartIdleTimer() {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.reconnect(), IDLE_TIMEOUT);
    if (this.#pingTimer === undefined) this.#schedulePing();
  }

  #schedulePing() {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.#pingTimer = undefined;
      this.send({ type: "ping" });
    }, PING_INTERVAL);
  }

  /** Close the socket and ignore it from now on: a dead one never confirms the close. */
  #dropSocket() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#idleTimer);
    this.#pingTimer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(NORMAL_CLOSURE);
  }

  /**
   * @param {number} [code]  The WebSocket's close code; none where the room stopped answering.
   * @param {string} [reason]
   */
  #onClose(code, reason = "") {
    this.#dropSocket();
    if (FINAL_BYES.has(this.#bye) || code === POLICY_VIOLATION) {
      this.#setState({ phase: "stopped", cause: "refused", reason: this.#bye || reason });
      return;
    }
    const delay = this.#backoff.next();
    this.#retryTimer = setTimeout(() => this.open(), delay);
    this.#setState({ phase: "waiting", cause: this.#causeOf(code), retryAt: Date.now() + delay });
  }

  /**
   * @param {number} [code]
   * @returns {Cause}
   */
  #causeOf(code) {
    if (globalThis.navigator?.onLine === false) return "device";
    if (this.#bye === "full") return "full";
    if (this.#bye || code === SERVICE_RESTART || code === TRY_AGAIN_LATER) return "room";
    return "gateway";
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.state = state;
    this.changed.emit(state);
  }
}
