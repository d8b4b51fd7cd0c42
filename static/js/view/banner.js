import { byId, setLiveText, textWithBdi } from "../lib/dom.js";
import { clean } from "../lib/text.js";
import { countDown } from "../lib/timer.js";

/** @typedef {import("../model/connection.js").ConnectionState} ConnectionState */
/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/tab_sync.js").TabSync} TabSync */

/**
 * Shows why there is no connection, and offers to try again; or that other tabs have another identity,
 * and offers to join as that one.
 */
export class Banner {
  #banner = byId("section", "connection");
  #text = byId("span", "connection-text");
  #countdown = byId("span", "connection-countdown");
  #button = byId("button", "connection-retry");
  #status = byId("p", "bar-status");
  #room;
  #tabSync;
  #i18n;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  /** What was shown for the present loss, "" while connected. */
  #loss = "";

  /**
   * @param {Room} room
   * @param {TabSync} tabSync
   * @param {I18n} i18n
   */
  constructor(room, tabSync, i18n) {
    this.#room = room;
    this.#tabSync = tabSync;
    this.#i18n = i18n;
    room.connection.changed.on(() => this.#show());
    room.connection.deviceChanged.on(() => this.#show());
    room.entered.on(() => this.#show());
    tabSync.changed.on(() => this.#show());
    room.members.changed.on(() => this.#showStatus());
    this.#button.addEventListener("click", () => {
      if (room.joined) tabSync.switch();
      else if (room.connection.state.phase === "stopped") room.enter(room.session.name);
      else room.connection.check();
    });
  }

  #show() {
    const { state, deviceOffline } = this.#room.connection;
    clearInterval(this.#ticking);
    this.#countdown.textContent = "";
    this.#button.hidden = true;
    if (deviceOffline) {
      this.#banner.dataset.state = "offline";
      this.#showLoss({ phase: "idle", cause: "device" });
    } else if (this.#room.joined) {
      this.#loss = "";
      this.#showIdentity();
    } else if (state.phase === "connecting" || state.phase === "open") {
      this.#banner.dataset.state = "connecting";
      this.#text.textContent = this.#loss || this.#i18n.t("connection.connecting");
      if (this.#loss) this.#countdown.textContent = this.#i18n.t("connection.connecting");
    } else {
      this.#banner.dataset.state = state.cause === "restart" ? "connecting" : "offline";
      this.#showLoss(state);
    }
    this.#showStatus();
  }

  #showIdentity() {
    const { otherName } = this.#tabSync;
    this.#banner.dataset.state = otherName ? "other" : "online";
    this.#button.hidden = !otherName;
    this.#button.textContent = this.#i18n.t("identity.switch");
    const names = { name: clean(otherName), self: clean(this.#room.members.self) };
    this.#text.replaceChildren(...(otherName ? textWithBdi(this.#i18n, "identity.other", names) : []));
  }

  /** @param {ConnectionState} state */
  #showLoss({ phase, cause = "gateway", reason = "", retryAt = 0 }) {
    const key = this.#i18n.has(`connection.${reason}`) ? reason : cause;
    this.#loss = this.#i18n.t(`connection.${key}`);
    setLiveText(this.#text, this.#loss);
    this.#button.textContent = this.#i18n.t(phase === "stopped" ? "connection.again" : "connection.retry");
    this.#button.hidden = phase === "idle";
    if (phase !== "waiting") return;
    this.#ticking = countDown(retryAt, left => {
      this.#countdown.textContent = this.#i18n.t("connection.countdown", { count: Math.max(1, left) });
    });
  }

  #showStatus() {
    const { count } = this.#room.members;
    const online = this.#room.joined && !this.#room.connection.deviceOffline;
    this.#status.textContent = online ? this.#i18n.t("bar.people", { count }) : this.#i18n.t("bar.offline");
  }
}
