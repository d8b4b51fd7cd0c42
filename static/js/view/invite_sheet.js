import { byId } from "../lib/dom.js";
import { drawQrCode } from "./qr_picture.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/about.js").About} About */

/** Names and addresses under which a machine knows only itself. */
const THIS_MACHINE = /^(.+\.)?localhost$|^127\.|^\[::1\]$/;

/** How others come in: the page's address, as a QR code too, and the command for a terminal. */
export class InviteSheet extends Sheet {
  #picture = byId("div", "invite-picture");
  #address = byId("input", "invite-address");
  #card = byId("button", "people-invite");
  #about;
  #i18n;

  /**
   * @param {About} about
   * @param {I18n} i18n
   */
  constructor(about, i18n) {
    super("invite");
    this.#about = about;
    this.#i18n = i18n;
    for (const button of [this.#card, byId("button", "login-invite")])
      button.addEventListener("click", () => this.open());
    this.#address.addEventListener("focus", () => this.#address.select());
    about.changed.on(() => this.#show());
    this.toggled.on(() => {
      if (this.isOpen) void drawQrCode(this.#picture, this.#address.value);
    });
    this.#show();
  }

  #show() {
    const { url, room } = this.#about;
    const address = url || new URL("./", location.href).href;
    this.#address.value = address;
    byId("p", "invite-local").hidden = !THIS_MACHINE.test(new URL(address).hostname);
    const command = room && `oneroom ${room}`;
    byId("div", "invite-terminal").hidden = !room;
    byId("code", "invite-command").textContent = command;
    byId("span", "people-invite-ways").textContent = this.#i18n.t(room ? "invite.ways" : "invite.way");
    const short = byId("code", "people-invite-command");
    short.textContent = command;
    short.hidden = !room;
  }
}
