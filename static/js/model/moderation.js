import { Signal } from "../lib/signal.js";
import { Mutes } from "./mutes.js";

/** @typedef {import("./protocol.js").ModerationFields} ModerationFields */
/** @typedef {import("./protocol.js").Mute} Mute */
/** @typedef {import("./protocol.js").ModeratorCommand} ModeratorCommand */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./requests.js").Requests} Requests */

/** Requests of moderators, and whether we are one. */
export class Moderation {
  /** @type {Signal} */
  changed = new Signal();
  /** Whether the room has moderators. */
  available = false;
  /** Whether we are one, on the present connection. */
  moderator = false;
  /** We were a moderator and are no longer. @type {Signal} */
  demoted = new Signal();
  mutes = new Mutes();

  #requests;
  /** The role that the room last told us; it stays while the connection is lost. */
  #lastRole = false;

  /** @param {Requests} requests */
  constructor(requests) {
    this.#requests = requests;
  }

  /**
   * We have joined the room.
   * @param {boolean} available
   * @param {boolean} moderator
   * @param {Mute[]} [muted]
   */
  onJoined(available, moderator, muted) {
    this.#update(available, moderator);
    this.onRole(moderator, muted);
  }

  /** The connection is lost, and with it the role. */
  onDisconnect() {
    this.#update(this.available, false);
  }

  /** We have left the room, and have no role to lose. */
  reset() {
    this.onDisconnect();
    this.#lastRole = false;
  }

  /**
   * The room has told us our role.
   * @param {boolean} moderator
   * @param {Mute[]} muted
   */
  onRole(moderator, muted = []) {
    this.mutes.reset(muted);
    this.#update(this.available, moderator);
    const demoted = this.#lastRole && !moderator;
    this.#lastRole = moderator;
    if (demoted) this.demoted.emit();
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
   * @returns {Promise<RoomEvent>} An `ack`, or an `error`.
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

  /**
   * @param {ModeratorCommand} command
   * @returns {Promise<RoomEvent>}
   */
  #ask(command) {
    return new Promise(resolve => {
      this.#requests.send(command, answer => {
        if (answer.type !== "error") return resolve(answer);
        if (answer.code === "not_moderator") this.onRole(false);
        resolve({ ...answer, target: targetOf(command) });
      });
    });
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
