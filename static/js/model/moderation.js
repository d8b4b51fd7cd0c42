import { Signal } from "../lib/signal.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./protocol.js").Deed} Deed */
/** @typedef {import("./protocol.js").ModeratorCommand} ModeratorCommand */
/** @typedef {import("./protocol.js").Refusal} Refusal */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */

/** @typedef {{command: ModeratorCommand, settle: (answer: RoomEvent) => void}} Question */

/** Milliseconds to wait for an answer; a room that takes longer is held for gone. */
const DEADLINE = 30_000;

/**
 * What a moderator asks of the room, and whether one is a moderator at all.
 *
 * The wire tells answers apart only by their order, so there is one question at a
 * time; the others wait for theirs.
 */
export class Moderation {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room has moderators. */
  possible = false;
  /** Whether the room takes us for one, on the present connection. */
  moderator = false;
  /** We were a moderator and are not any more. @type {Signal} */
  demoted = new Signal();

  #connection;
  #self = "";
  #online = false;
  /** Whether the room took us for a moderator when it last said so. */
  #known = false;
  /** The first is on its way. @type {Question[]} */
  #questions = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;

  /** @param {Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * The room has let us in.
   * @param {string} self
   * @param {boolean} possible
   * @param {boolean} moderator
   */
  begin(self, possible, moderator) {
    this.#self = self;
    this.#online = true;
    this.#become(possible, moderator);
    this.#learn(moderator);
  }

  /** The connection is lost, and with it what was asked. */
  lose() {
    this.#online = false;
    clearTimeout(this.#deadline);
    for (const { settle } of this.#questions.splice(0)) settle(refusal("offline"));
    this.#become(this.possible, false);
  }

  /** We have gone, and come back as anybody. */
  leave() {
    this.lose();
    this.#known = false;
  }

  /**
   * @param {string} password
   * @returns {Promise<RoomEvent>} A `role`, or an `error`.
   */
  authenticate(password) {
    return this.#ask({ type: "authenticate", password });
  }

  /**
   * @param {Deed} deed
   * @returns {Promise<RoomEvent>} The `message` that tells the room of it, or an `error`.
   */
  moderate(deed) {
    return this.#ask({ type: "moderate", ...deed });
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

  /** @param {RoomEvent} event  Which may be an answer. */
  hear(event) {
    if (event.type === "role") this.#learn(event.moderator);
    const [asked] = this.#questions;
    if (asked && this.#answers(event, asked.command)) this.#settle(event);
  }

  /**
   * @param {Refusal} refusal
   * @returns {boolean} Whether it was our question that the room refused.
   */
  refuse(refusal) {
    const [asked] = this.#questions;
    if (!asked) return false;
    if (refusal.code === "not_moderator") this.#learn(false);
    this.#settle({ ...refusal, target: subjectOf(asked.command) });
    return true;
  }

  /**
   * @param {ModeratorCommand} command
   * @returns {Promise<RoomEvent>}
   */
  #ask(command) {
    if (!this.#online) return Promise.resolve(refusal("offline"));
    return new Promise(settle => {
      this.#questions.push({ command, settle });
      if (this.#questions.length === 1) this.#send(command);
    });
  }

  /** @param {ModeratorCommand} command */
  #send(command) {
    this.#deadline = setTimeout(() => this.#connection.abandon(), DEADLINE);
    this.#connection.send(command);
  }

  /** @param {RoomEvent} answer */
  #settle(answer) {
    clearTimeout(this.#deadline);
    this.#questions.shift()?.settle(answer);
    const [next] = this.#questions;
    if (next) this.#send(next.command);
  }

  /**
   * @param {RoomEvent} event
   * @param {ModeratorCommand} command
   */
  #answers(event, command) {
    if (command.type === "authenticate") return event.type === "role";
    if (command.type !== "moderate") return event.type === command.type;
    if (event.type !== "message" || !event.notice) return false;
    return event.notice.by === this.#self && event.notice.act === command.act;
  }

  /** @param {boolean} moderator  As the room says. */
  #learn(moderator) {
    this.#become(this.possible, moderator);
    const demoted = this.#known && !moderator;
    this.#known = moderator;
    if (demoted) this.demoted.emit();
  }

  /**
   * @param {boolean} possible
   * @param {boolean} moderator
   */
  #become(possible, moderator) {
    if (possible === this.possible && moderator === this.moderator) return;
    this.possible = possible;
    this.moderator = moderator;
    this.changed.emit();
  }
}

/**
 * @param {ModeratorCommand} command
 * @returns {string} Whom or what it is about.
 */
function subjectOf(command) {
  if (command.type === "whois") return command.name;
  if (command.type !== "moderate") return "";
  return command.target ?? (command.id ? `#${command.id}` : "");
}

/**
 * @param {string} code
 * @returns {Refusal}
 */
function refusal(code) {
  return { type: "error", code, text: "" };
}
