import { byId } from "./dom.js";

/** @typedef {import("./i18n.js").Words} Words */
/** @typedef {import("./room.js").Room} Room */

/** The door: where one says a name and is let in. */
export class JoinForm {
  #form = byId("form", "join");
  #name = byId("input", "join-name");
  #error = byId("p", "join-error");
  #button = byId("button", "join-button");
  #room;
  #words;

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor(room, words) {
    this.#room = room;
    this.#words = words;
    this.#name.value = room.session.suggestedName;
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#enter();
    });
    this.#name.addEventListener("input", () => this.#show(""));
    room.refused.on(code => this.refuse(code));
    room.entered.on(() => this.#wait(false));
    room.left.on(() => this.#wait(false));
    room.connection.changed.on(state => this.#follow(state));
  }

  /** Take the keyboard. */
  focus() {
    this.#name.focus();
    this.#name.select();
  }

  /** @param {string} code  Of the error with which the name was refused. */
  refuse(code) {
    this.#wait(false);
    const key = `error.${code}`;
    const count = this.#room.limits.name;
    this.#show(
      this.#words.has(key) ? this.#words.say(key, { count }) : this.#words.say("error.other", { code }),
    );
    this.focus();
  }

  #enter() {
    const name = this.#name.value.trim();
    if (!name) {
      this.refuse("name_empty");
      return;
    }
    this.#show("");
    this.#wait(true);
    this.#room.enter(name);
  }

  /** @param {import("./connection.js").ConnectionState} state */
  #follow({ phase, cause = "gateway", reason = "" }) {
    if (!this.#button.disabled) return;
    if (phase === "waiting") this.#show(this.#words.say(`connection.${cause}`));
    if (phase === "stopped") {
      this.#wait(false);
      this.#show(this.#words.say("connection.refused", { reason }));
    }
  }

  /** @param {boolean} waiting */
  #wait(waiting) {
    this.#button.disabled = waiting;
    this.#button.textContent = this.#words.say(waiting ? "door.entering" : "door.enter");
    this.#name.readOnly = waiting;
    if (!waiting) this.#show("");
  }

  /** @param {string} error  Or "" for none. */
  #show(error) {
    this.#error.textContent = error;
    this.#name.ariaInvalid = error ? "true" : null;
  }
}
