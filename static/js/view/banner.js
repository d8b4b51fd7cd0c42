import { byId, speak } from "../lib/dom.js";
import { countDown } from "../lib/timer.js";

/** @typedef {import("../model/connection.js").ConnectionState} ConnectionState */
/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../model/room.js").Room} Room */

/** The state of the connection in plain words, and what can be done about it. */
export class Banner {
  #banner = byId("section", "connection");
  #text = byId("span", "connection-words");
  #countdown = byId("span", "connection-countdown");
  #button = byId("button", "connection-retry");
  #status = byId("p", "bar-status");
  #room;
  #words;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  /** Words for the loss that is being repaired, "" while there was none. */
  #loss = "";

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor(room, words) {
    this.#room = room;
    this.#words = words;
    room.connection.changed.on(() => this.#show());
    room.entered.on(() => this.#show());
    room.members.changed.on(() => this.#showStatus());
    this.#button.addEventListener("click", () => {
      if (room.connection.state.phase === "stopped") room.enter(room.session.name);
      else room.connection.hurry();
    });
  }

  #show() {
    const { state } = this.#room.connection;
    clearInterval(this.#ticking);
    this.#countdown.textContent = "";
    this.#button.hidden = true;
    if (this.#room.joined) {
      this.#banner.dataset.state = "online";
      this.#loss = "";
      this.#text.textContent = "";
    } else if (state.phase === "connecting" || state.phase === "open") {
      this.#banner.dataset.state = "connecting";
      this.#text.textContent = this.#loss || this.#words.say("connection.connecting");
      if (this.#loss) this.#countdown.textContent = this.#words.say("connection.connecting");
    } else {
      this.#banner.dataset.state = "offline";
      this.#showLoss(state);
    }
    this.#showStatus();
  }

  /** @param {ConnectionState} state */
  #showLoss({ phase, cause = "gateway", reason = "", retryAt = 0 }) {
    const key = this.#words.has(`connection.${reason}`) ? reason : cause;
    this.#loss = this.#words.say(`connection.${key}`);
    speak(this.#text, this.#loss);
    this.#button.textContent = this.#words.say(phase === "stopped" ? "connection.again" : "connection.retry");
    this.#button.hidden = phase === "idle";
    if (phase !== "waiting") return;
    this.#ticking = countDown(retryAt, left => {
      this.#countdown.textContent = this.#words.say("connection.countdown", { count: Math.max(1, left) });
    });
  }

  #showStatus() {
    const count = this.#room.members.names.length;
    this.#status.textContent = this.#room.joined
      ? this.#words.say("bar.people", { count })
      : this.#words.say("bar.offline");
  }
}
