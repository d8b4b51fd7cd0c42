import { byId, make, textWithBdi } from "../lib/dom.js";
import { clean } from "../lib/text.js";
import { countDown } from "../lib/timer.js";
import { describeUnsent } from "./leave_button.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/protocol.js").RoomError} RoomError */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("./action_dialog.js").ActionDialog} ActionDialog */

/** The form for joining: a name, and the room's password if it has one. */
export class JoinForm {
  #form = byId("form", "join");
  #name = byId("input", "join-name");
  #passwordField = byId("div", "join-secret");
  #password = byId("input", "join-password");
  #error = byId("p", "join-error");
  #suggestion = byId("button", "join-suggestion");
  #button = byId("button", "join-button");
  #room;
  #dialog;
  #i18n;
  /** Whether we have sent a join, or wait for the connection to do so. */
  #waiting = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /**
   * @param {Room} room
   * @param {ActionDialog} dialog
   * @param {I18n} i18n
   */
  constructor(room, dialog, i18n) {
    this.#room = room;
    this.#dialog = dialog;
    this.#i18n = i18n;
    this.#name.value = room.session.suggestedName;
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#submit();
    });
    this.#form.addEventListener("input", () => {
      // The error about a wrong password stays until the next one is tried.
      if (this.#ticking === undefined && !this.#password.ariaInvalid) this.#show("");
    });
    this.#suggestion.addEventListener("click", () => this.#acceptSuggestion());
    room.refused.on(error => this.#onRefused(error));
    room.about.changed.on(() => {
      const isKnown = room.about.count !== null && !this.#password.value;
      if (isKnown) this.#passwordField.hidden = !room.about.needsPassword;
    });
    room.entered.on(() => this.#reset());
    room.delayed.on(seconds => this.#showDelay(seconds));
    room.left.on(departure => {
      this.#reset();
      const about = departure.reason === "elsewhere" ? "hint" : "";
      if (departure.reason) this.#show(this.#explain(departure), about);
    });
    room.connection.changed.on(state => this.#onConnectionState(state));
  }

  /** Focus the field that must be filled in. */
  focus() {
    const isName = this.#passwordField.hidden || this.#name.ariaInvalid || !this.#name.value;
    const field = isName ? this.#name : this.#password;
    field.focus();
    field.select();
  }

  /** @param {string} code  With which we become the person on another device. */
  enterWithCode(code) {
    this.#setWaiting(true);
    this.#room.enter("", "", code);
  }

  /** @param {RoomError} error */
  #onRefused({ code, retry_after, suggestion }) {
    this.#setWaiting(false);
    if (code.startsWith("password")) this.#passwordField.hidden = false;
    if (code === "password_required") this.#show(this.#i18n.t("login.password_required"), "hint");
    else if (code === "password_wrong") this.#show(this.#i18n.t("error.password_wrong"), "password");
    else if (code === "banned") this.#show(this.#banned(retry_after));
    else if (code === "too_fast" && retry_after) this.#countDown(retry_after);
    else this.#show(this.#i18n.error(code, { count: this.#room.limits.name }), "name");
    this.#suggest(suggestion);
    this.focus();
  }

  #submit() {
    const name = this.#name.value.trim();
    const password = this.#passwordField.hidden ? "" : this.#password.value;
    if (!name) this.#onRefused({ type: "error", code: "name_empty" });
    else if (!this.#passwordField.hidden && !password)
      this.#onRefused({ type: "error", code: "password_required" });
    else if (!this.#askUnsent(name, password)) this.#enter(name, password);
  }

  /**
   * @param {string} name
   * @param {string} password
   */
  #enter(name, password) {
    this.#setWaiting(true);
    this.#room.enter(name, password);
  }

  /**
   * Ask before another name drops what is unsent.
   * @param {string} name
   * @param {string} password
   * @returns {boolean} Whether we ask.
   */
  #askUnsent(name, password) {
    const former = this.#room.session.name;
    const unsent = describeUnsent(this.#room, this.#i18n);
    if (!former || name === former || unsent.length === 0) return false;
    this.#dialog.open({
      title: textWithBdi(this.#i18n, "login.rename", { name: clean(name) }),
      text: [this.#i18n.t("login.rename.text", { name: clean(former) }), ...unsent].join(" "),
      fields: [],
      confirm: this.#i18n.t("login.enter"),
      danger: true,
      run: () => this.#enter(name, password),
    });
    return true;
  }

  /** @param {import("../model/connection.js").ConnectionState} state */
  #onConnectionState({ phase, cause = "gateway", retryAt = 0 }) {
    if (!this.#waiting) return;
    if (phase === "waiting") this.#showLoss(cause, retryAt);
    if (phase === "connecting") this.#showAttempt();
    if (phase === "stopped") {
      this.#setWaiting(false);
      this.#show(this.#i18n.t("connection.refused"));
    }
  }

  /**
   * Say why there is no connection and when the next attempt is made; the button makes it now.
   * @param {import("../model/connection.js").Cause} cause
   * @param {number} retryAt  As by `Date.now()`.
   */
  #showLoss(cause, retryAt) {
    this.#show(this.#i18n.t(`connection.${cause}`));
    const left = this.#addCountdown();
    this.#button.disabled = false;
    this.#button.textContent = this.#i18n.t("connection.retry");
    this.#ticking = countDown(retryAt, count => {
      left.textContent = this.#i18n.t("connection.countdown", { count: Math.max(1, count) });
    });
  }

  /** The text about the last attempt stays. */
  #showAttempt() {
    this.#setWaiting(true);
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#error.lastElementChild?.remove(); // the countdown
  }

  /** @returns {HTMLElement} What comes behind the text, and is not read aloud every second. */
  #addCountdown() {
    const left = make("span", "");
    left.ariaHidden = "true";
    this.#error.append(" ", left);
    return left;
  }

  /** Go back to the initial state, but keep the name. */
  #reset() {
    this.#setWaiting(false);
    this.#show("");
    this.#passwordField.hidden = true;
    this.#password.value = "";
  }

  /** @param {boolean} waiting */
  #setWaiting(waiting) {
    this.#waiting = waiting;
    this.#button.disabled = waiting;
    this.#button.textContent = this.#i18n.t(waiting ? "login.entering" : "login.enter");
    this.#name.readOnly = this.#password.readOnly = waiting;
  }

  /**
   * @param {string} text  Or "" for none.
   * @param {"name" | "password" | "hint" | ""} about  The field that is wrong; "hint" if it is no error.
   */
  #show(text, about = "") {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#error.textContent = text;
    this.#error.classList.toggle("hint", about === "hint");
    this.#name.ariaInvalid = about === "name" ? "true" : null;
    this.#password.ariaInvalid = about === "password" ? "true" : null;
    this.#suggest("");
  }

  /** @param {string} [name]  One that is free, or "" for none. */
  #suggest(name = "") {
    this.#suggestion.hidden = !name;
    this.#suggestion.value = name;
    this.#suggestion.replaceChildren(...textWithBdi(this.#i18n, "login.suggestion", { name: clean(name) }));
  }

  #acceptSuggestion() {
    this.#name.value = this.#suggestion.value;
    this.#show("");
    this.focus();
  }

  /** @param {number} seconds  Until the next attempt is allowed. */
  #countDown(seconds) {
    this.#show(this.#i18n.t("login.too_fast"));
    const left = this.#addCountdown();
    this.#button.disabled = true;
    this.#ticking = countDown(Date.now() + seconds * 1000, count => {
      left.textContent = this.#i18n.t("login.too_fast.left", { count });
      if (count > 0) return;
      this.#show("");
      this.#setWaiting(false);
    });
  }

  /** @param {number} seconds  Until the room answers. */
  #showDelay(seconds) {
    if (!this.#waiting) return;
    clearInterval(this.#ticking);
    this.#ticking = countDown(Date.now() + seconds * 1000, count => {
      this.#button.textContent = this.#i18n.t(count > 0 ? "login.wait" : "login.entering", { count });
    });
  }

  /** @param {import("../model/removal.js").Departure} departure */
  #explain({ reason, ban, comment }) {
    const text = ban ? this.#banned(ban.retry_after) : this.#i18n.t(`login.${reason}`);
    return comment ? `${text} ${this.#i18n.t("login.reason", { text: clean(comment) })}` : text;
  }

  /** @param {number} [seconds]  Undefined for a permanent ban. */
  #banned(seconds) {
    if (!seconds) return this.#i18n.t("login.banned.permanent");
    const until = this.#i18n.when(new Date(Date.now() + seconds * 1000));
    return this.#i18n.t("login.banned.until", { until });
  }
}
