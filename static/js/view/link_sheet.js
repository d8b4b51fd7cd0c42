import { byId } from "../lib/dom.js";
import { countDown } from "../lib/timer.js";
import { drawQrCode, removeQrCode } from "./qr_picture.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */

/** How to be the same person on one more device: a QR code, an address, and a command, for two minutes. */
export class LinkSheet extends Sheet {
  #picture = byId("div", "link-picture");
  #address = byId("input", "link-address");
  #command = byId("code", "link-command");
  #state = byId("p", "link-state");
  #again = byId("button", "link-again");
  #room;
  #i18n;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor(room, i18n) {
    super("link");
    this.#room = room;
    this.#i18n = i18n;
    this.#again.addEventListener("click", () => this.#ask());
    this.#address.addEventListener("focus", () => this.#address.select());
    this.toggled.on(() => (this.isOpen ? this.#ask() : this.#forget()));
    room.left.on(() => this.close());
  }

  #ask() {
    this.#forget();
    this.#room.ask({ type: "link", read: this.#room.unread.lastRead }, answer => {
      if (!this.isOpen) return;
      if (answer.type === "link") this.#show(answer.code, answer.seconds);
      else if (answer.type === "error") this.#end(this.#i18n.error(answer.code));
    });
  }

  /**
   * @param {string} code
   * @param {number} seconds
   */
  #show(code, seconds) {
    const address = new URL(`#code=${code}`, location.href.split("#")[0]).href;
    this.#address.value = address;
    this.#command.textContent = `oneroom ${this.#room.about.room || location.hostname} --code ${code}`;
    void drawQrCode(this.#picture, address);
    this.#ticking = countDown(Date.now() + seconds * 1000, left => {
      if (left) this.#state.textContent = this.#i18n.t("link.left", { count: left });
      else this.#end(this.#i18n.t("link.over"));
    });
  }

  /** @param {string} text */
  #end(text) {
    this.#forget();
    this.#state.role = "status"; // not while it counts: each second would be read aloud
    this.#state.textContent = text;
    this.#again.hidden = false;
  }

  #forget() {
    clearInterval(this.#ticking);
    removeQrCode(this.#picture);
    this.#address.value = this.#command.textContent = this.#state.textContent = "";
    this.#state.role = null;
    this.#again.hidden = true;
  }
}
