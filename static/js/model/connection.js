import { Backoff } from "../lib/backoff.js";
import { Signal } from "../lib/signal.js";
import { ANSWER_TIMEOUT, CHECK_TIMEOUT, PING_INTERVAL, parseFrame } from "./protocol.js";

/** @typedef {import("./protocol.js").Command} Command */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/**
 * Why there is no connection: the gateway cannot be reached, the room behind it cannot, one of them
 * restarts, the room is full, there are too many from our network, the device is offline, or the
 * gateway or the room refuses us.
 * @typedef {"gateway" | "room" | "restart" | "full" | "crowded" | "device" | "refused"} Cause
 * @typedef {object} ConnectionState
 * @property {"idle" | "connecting" | "open" | "waiting" | "stopped"} phase
 * @property {Cause} [cause]      Of the last loss; with `waiting` and `stopped`.
 * @property {number} [retryAt]   With `waiting`: when the next attempt is made, as by `Date.now()`.
 * @property {string} [reason]    With `stopped`: a `bye` reason, or the gateway's close reason.
 */

const NORMAL_CLOSURE = 1000;
const NO_CLOSE_FRAME = 1006;
const POLICY_VIOLATION = 1008;
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

/** Reasons of a `bye` after which the page must not reconnect by itself. */
const FINAL_BYES = new Set(["kicked", "banned", "password", "replaced", "left", "left_elsewhere", "late"]);

/**
 * Causes by what the gateway says (`X-Refused-By`) when it refuses a WebSocket with 503. A 503 without it
 * is of a proxy before the gateway, which does not reach it.
 * @type {Record<string, Cause>}
 */
const REFUSALS = { max_sessions: "full", stopping: "restart" };

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
  /** Whether the device has lost its network, and nothing has come from the room since. */
  deviceOffline = false;
  /** `deviceOffline` has changed. @type {Signal} */
  deviceChanged = new Signal();

  /** @type {WebSocket | null} */
  #socket = null;
  /** When the present socket began to open, as by `Date.now()`. */
  #openedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;
  /** Runs from the last frame on. @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer;
  /** Runs while a frame must come. @type {ReturnType<typeof setTimeout> | undefined} */
  #answerTimer;
  /** Until when the room may delay its answers, as by `Date.now()`. */
  #throttledUntil = 0;
  /** Reason of a `bye` on the present socket, or "". */
  #bye = "";
  /** Seconds over which the room wants its clients back, as its `bye` says. @type {number | undefined} */
  #retryWithin;
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
    this.#retryWithin = undefined;
    const early = this.#takeEarly();
    const socket = early && early.readyState <= WebSocket.OPEN ? early : new WebSocket(this.#url);
    this.#socket = socket;
    this.#openedAt = Date.now();
    const onOpen = () => {
      this.#onSign();
      this.#setState({ phase: "open" });
    };
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => {
      this.#onSign();
      for (const event of parseFrame(data)) {
        if (event.type === "bye") [this.#bye, this.#retryWithin] = [event.reason, event.retry_within];
        if (event.type === "throttled") this.#throttledUntil = Date.now() + event.seconds * 1000;
        this.events.emit(event);
      }
    };
    socket.onclose = ({ code, reason }) => this.#onClose(code, reason);
    this.#await(ANSWER_TIMEOUT);
    this.#setState({ phase: "connecting" });
    if (socket.readyState === WebSocket.OPEN) onOpen();
  }

  /**
   * The page or the network was away: connect at once if there is no connection. If there seems to be one,
   * the room must show within `CHECK_TIMEOUT` that it is still there.
   */
  check() {
    const { phase } = this.state;
    if (phase === "waiting") this.open();
    else if (phase === "connecting" && Date.now() - this.#openedAt > CHECK_TIMEOUT) this.reconnect();
    else if (phase === "open" && this.#answerTimer === undefined) {
      this.send({ type: "ping" });
      this.#await(CHECK_TIMEOUT + Math.max(0, this.#throttledUntil - Date.now()));
    }
  }

  /** The device has lost its network. Believed at once, unless the room shows that it is still there. */
  onOffline() {
    if (this.state.phase !== "open") return;
    this.deviceOffline = true;
    this.deviceChanged.emit();
    this.check();
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

  /** The other side is there. */
  #onSign() {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    clearTimeout(this.#silenceTimer);
    // Not lost yet: the timers of a hidden page are late, so it may not have pinged.
    this.#silenceTimer = setTimeout(() => this.check(), ANSWER_TIMEOUT - CHECK_TIMEOUT);
    if (this.#pingTimer === undefined) this.#schedulePing();
    if (!this.deviceOffline) return;
    this.deviceOffline = false;
    this.deviceChanged.emit();
  }

  /** @param {number} timeout  Milliseconds after which the connection is lost, unless a frame comes. */
  #await(timeout) {
    this.#answerTimer = setTimeout(() => this.reconnect(), timeout);
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
    for (const timer of [this.#retryTimer, this.#pingTimer, this.#silenceTimer, this.#answerTimer])
      clearTimeout(timer);
    this.#pingTimer = this.#answerTimer = undefined;
    this.deviceOffline = false;
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
    const refused = this.state.phase === "connecting" && code === NO_CLOSE_FRAME;
    this.#dropSocket();
    if (FINAL_BYES.has(this.#bye) || code === POLICY_VIOLATION) {
      this.#setState({ phase: "stopped", cause: "refused", reason: this.#bye || reason });
      return;
    }
    const delay =
      this.#retryWithin === undefined
        ? this.#backoff.next(this.#bye === "full")
        : this.#backoff.within(this.#retryWithin);
    this.#wait(delay, this.#causeOf(code));
    if (refused) this.#explainRefusal();
  }

  /**
   * @param {number} delay  Milliseconds until the next attempt.
   * @param {Cause} cause
   */
  #wait(delay, cause) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.open(), delay);
    this.#setState({ phase: "waiting", cause, retryAt: Date.now() + delay });
  }

  /** Ask the gateway why it refuses: browsers do not tell a refused WebSocket from one that is lost. */
  async #explainRefusal() {
    const { state } = this;
    try {
      const { status, headers } = await fetch(this.#url.replace(/^ws/, "http"), { cache: "no-store" });
      const cause = status === 429 ? "crowded" : REFUSALS[headers.get("X-Refused-By") ?? ""];
      if (!cause || this.state !== state) return;
      this.#wait(Math.max(this.#backoff.next(true), 1000 * Number(headers.get("Retry-After"))), cause);
    } catch {
      // There is no gateway.
    }
  }

  /**
   * @param {number} [code]
   * @returns {Cause}
   */
  #causeOf(code) {
    if (globalThis.navigator?.onLine === false) return "device";
    if (this.#bye === "full" || this.#bye === "restart") return this.#bye;
    if (this.#bye || code === SERVICE_RESTART || code === TRY_AGAIN_LATER) return "room";
    return "gateway";
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.state = state;
    this.changed.emit(state);
  }
}
