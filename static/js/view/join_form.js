import { byId, make, weave } from "../lib/dom.js";
import { clean } from "../lib/text.js";
import { countDown } from "../lib/timer.js";

/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../model/protocol.js").RefusalFields} RefusalFields */
/** @typedef {import("../model/room.js").Room} Room */

/** The door: where one says a name, and the password where the room has one, and is let in. */
export class JoinForm {
  #form = byId("form", "join");
  #name = byId("input", "join-name");
  #secret = byId("div", "join-secret");
  #password = byId("input", "join-password");
  #error = byId("p", "join-error");
  #suggestion = byId("button", "join-suggestion");
  #button = byId("button", "join-button");
  #room;
  #words;
  /** Whether the room is asked to let us in. */
  #waiting = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

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
    this.#form.addEventListener("input", () => {
      // That the last password was wrong is worth knowing until the next one is tried.
      if (this.#ticking === undefined && !this.#password.ariaInvalid) this.#show("");
    });
    this.#suggestion.addEventListener("click", () => this.#take());
    room.refused.on(refusal => this.#refuse(refusal));
    room.entered.on(() => this.#reset());
    room.delayed.on(seconds => this.#holdOn(seconds));
    room.left.on(farewell => {
      this.#reset();
      if (farewell.reason) this.#show(this.#explain(farewell));
    });
    room.connection.changed.on(state => this.#follow(state));
  }

  /** Take the keyboard, where something is to be written. */
  focus() {
    const field = this.#secret.hidden || this.#name.ariaInvalid ? this.#name : this.#password;
    field.focus();
    field.select();
  }

  /** @param {RefusalFields} refusal  Why we were not let in. */
  #refuse({ code, retry_after, suggestion }) {
    this.#wait(false);
    if (code.startsWith("password")) this.#secret.hidden = false;
    if (code === "password_required") this.#show(this.#words.say("door.password_required"), "hint");
    else if (code === "password_wrong") this.#show(this.#words.say("error.password_wrong"), "password");
    else if (code === "banned") this.#show(this.#banned(retry_after));
    else if (code === "too_fast" && retry_after) this.#countDown(retry_after);
    else this.#show(this.#words.error(code, { count: this.#room.limits.name }), "name");
    this.#suggest(suggestion);
    this.focus();
  }

  #enter() {
    const name = this.#name.value.trim();
    const password = this.#secret.hidden ? "" : this.#password.value;
    if (!name) this.#refuse({ code: "name_empty" });
    else if (!this.#secret.hidden && !password) this.#refuse({ code: "password_required" });
    else {
      this.#wait(true);
      this.#room.enter(name, password);
    }
  }

  /** @param {import("../model/connection.js").ConnectionState} state */
  #follow({ phase, cause = "gateway" }) {
    if (!this.#waiting) return;
    if (phase === "waiting") this.#show(this.#words.say(`connection.${cause}`));
    if (phase === "stopped") {
      this.#wait(false);
      this.#show(this.#words.say("connection.refused"));
    }
  }

  /** Nothing of what was asked or answered here matters any more. */
  #reset() {
    this.#wait(false);
    this.#show("");
    this.#secret.hidden = true;
    this.#password.value = "";
  }

  /** @param {boolean} waiting */
  #wait(waiting) {
    this.#waiting = waiting;
    this.#button.disabled = waiting;
    this.#button.textContent = this.#words.say(waiting ? "door.entering" : "door.enter");
    this.#name.readOnly = this.#password.readOnly = waiting;
  }

  /**
   * @param {string} words  Or "" for none.
   * @param {"name" | "password" | "hint" | ""} about  The field that is wrong, or that none is.
   */
  #show(words, about = "") {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#error.textContent = words;
    this.#error.classList.toggle("hint", about === "hint");
    this.#name.ariaInvalid = about === "name" ? "true" : null;
    this.#password.ariaInvalid = about === "password" ? "true" : null;
    this.#suggest("");
  }

  /** @param {string} [name]  That is free, or "" for none. */
  #suggest(name = "") {
    this.#suggestion.hidden = !name;
    this.#suggestion.value = name;
    this.#suggestion.replaceChildren(...weave(this.#words, "door.suggestion", { name: clean(name) }));
  }

  #take() {
    this.#name.value = this.#suggestion.value;
    this.#show("");
    this.focus();
  }

  /** @param {number} seconds  Before which another try would be too early. */
  #countDown(seconds) {
    this.#show(this.#words.say("door.too_fast"));
    const left = make("span", "");
    left.ariaHidden = "true"; // once is enough to hear
    this.#error.append(" ", left);
    this.#button.disabled = true;
    this.#ticking = countDown(Date.now() + seconds * 1000, count => {
      left.textContent = this.#words.say("door.too_fast.left", { count });
      if (count > 0) return;
      this.#show("");
      this.#wait(false);
    });
  }

  /** @param {number} seconds  For which the room takes its time to answer. */
  #holdOn(seconds) {
    if (!this.#waiting) return;
    clearInterval(this.#ticking);
    this.#ticking = countDown(Date.now() + seconds * 1000, count => {
      this.#button.textContent = this.#words.say(count > 0 ? "door.wait" : "door.entering", { count });
    });
  }

  /** @param {import("../model/room.js").Farewell} farewell */
  #explain({ reason, ban, why }) {
    const words = ban ? this.#banned(ban.retry_after) : this.#words.say(`door.${reason}`);
    return why ? `${words} ${this.#words.say("door.reason", { text: clean(why) })}` : words;
  }

  /** @param {number} [seconds]  Undefined for good. */
  #banned(seconds) {
    if (!seconds) return this.#words.say("door.banned.for_good");
    const until = this.#words.when(new Date(Date.now() + seconds * 1000));
    return this.#words.say("door.banned.until", { until });
  }
}
