import { Signal } from "../lib/signal.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./protocol.js").ModerationFields} ModerationFields */
/** @typedef {import("./protocol.js").ModeratorCommand} ModeratorCommand */
/** @typedef {import("./protocol.js").RoomError} RoomError */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/** @typedef {{command: ModeratorCommand, resolve: (answer: RoomEvent) => void}} Request */

/** @type {RoomError} */
const OFFLINE = { type: "error", code: "offline" };

/** Milliseconds to wait for an answer before the connection is considered dead. */
const TIMEOUT = 30_000;

/**
 * Requests of moderators, and whether we are one.
 *
 * The wire tells answers apart only by their order, so there is one request at a time; the others
 * wait in a queue.
 */
export class Moderation {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room has moderators. */
  available = false;
  /** Whether we are one, on the present connection. */
  moderator = false;
  /** We were a moderator and are no longer. @type {Signal} */
  demoted = new Signal();

  #connection;
  #self = "";
  #online = false;
  /** The role that the room last told us; it stays while the connection is lost. */
  #lastRole = false;
  /** The first has been sent. @type {Request[]} */
  #queue = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timeout;

  /** @param {Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * We have joined the room.
   * @param {string} self
   * @param {boolean} available
   * @param {boolean} moderator
   */
  onJoined(self, available, moderator) {
    this.#self = self;
    this.#online = true;
    this.#update(available, moderator);
    this.#setRole(moderator);
  }

  /** The connection is lost: open requests fail as `offline`. */
  onDisconnect() {
    this.#online = false;
    clearTimeout(this.#timeout);
    for (const { resolve } of this.#queue.splice(0)) resolve(OFFLINE);
    this.#update(this.available, false);
  }

  /** We have left the room, and have no role to lose. */
  reset() {
    this.onDisconnect();
    this.#lastRole = false;
  }

  /**
   * @param {string} password
   * @returns {Promise<RoomEvent>} A `role`, or an `error`.
   */
  authenticate(password) {
    return this.#ask({ type: "authenticate", password });
  }

  /**
   * @param {ModerationFields} fields
   * @returns {Promise<RoomEvent>} The `message` that announces it, or an `error`.
   */
  moderate(fields) {
    return this.#ask({ type: "moderate", ...fields });
  }

  /**
   * @param {string} name
   * @returns {Promise<RoomEvent>} A `whois`, or an `error`.
   */
  whois(name) {
    return this.#ask({ type: "whois", name });
  }

  /** @returns {Promise<RoomEvent>} The `bans`, or an `error`. */
  bans() {
    return this.#ask({ type: "bans" });
  }

  /** @param {RoomEvent} event  Any event; it may be an answer. */
  onEvent(event) {
    if (event.type === "role") this.#setRole(event.moderator);
    const [request] = this.#queue;
    if (request && this.#isAnswer(event, request.command)) this.#resolve(event);
  }

  /**
   * @param {RoomError} error
   * @returns {boolean} Whether it was our request that the room refused.
   */
  onError(error) {
    const [request] = this.#queue;
    if (!request) return false;
    if (error.code === "not_moderator") this.#setRole(false);
    this.#resolve({ ...error, target: targetOf(request.command) });
    return true;
  }

  /**
   * @param {ModeratorCommand} command
   * @returns {Promise<RoomEvent>}
   */
  #ask(command) {
    if (!this.#online) return Promise.resolve(OFFLINE);
    return new Promise(resolve => {
      this.#queue.push({ command, resolve });
      if (this.#queue.length === 1) this.#send(command);
    });
  }

  /** @param {ModeratorCommand} command */
  #send(command) {
    this.#timeout = setTimeout(() => this.#connection.reconnect(), TIMEOUT);
    this.#connection.send(command);
  }

  /** @param {RoomEvent} answer */
  #resolve(answer) {
    clearTimeout(this.#timeout);
    this.#queue.shift()?.resolve(answer);
    const [next] = this.#queue;
    if (next) this.#send(next.command);
  }

  /**
   * @param {RoomEvent} event
   * @param {ModeratorCommand} command
   */
  #isAnswer(event, command) {
    if (command.type === "authenticate") return event.type === "role";
    if (command.type !== "moderate") return event.type === command.type;
    if (event.type !== "message" || !event.notice) return false;
    return event.notice.by === this.#self && event.notice.act === command.act;
  }

  /** @param {boolean} moderator  As told by the room. */
  #setRole(moderator) {
    this.#update(this.available, moderator);
    const demoted = this.#lastRole && !moderator;
    this.#lastRole = moderator;
    if (demoted) this.demoted.emit();
  }

  /**
   * @param {boolean} available
   * @param {boolean} moderator
   */
  #update(available, moderator) {
    if (available === this.available && moderator === this.moderator) return;
    this.available = available;
    this.moderator = moderator;
    this.changed.emit();
  }
}

/**
 * @param {ModeratorCommand} command
 * @returns {string} The person, address or message that it is about.
 */
function targetOf(command) {
  if (command.type === "whois") return command.name;
  if (command.type !== "moderate") return "";
  return command.target ?? (command.id ? `#${command.id}` : "");
}
