import { byId } from "../lib/dom.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/tab_sync.js").TabSync} TabSync */
/** @typedef {import("./action_dialog.js").ActionDialog} ActionDialog */

/** The button to leave the room, which asks before it does. */
export class LeaveButton {
  #room;
  #tabSync;
  #dialog;
  #i18n;

  /**
   * @param {Room} room
   * @param {TabSync} tabSync
   * @param {ActionDialog} dialog
   * @param {I18n} i18n
   */
  constructor(room, tabSync, dialog, i18n) {
    this.#room = room;
    this.#tabSync = tabSync;
    this.#dialog = dialog;
    this.#i18n = i18n;
    byId("button", "leave-button").addEventListener("click", () => this.ask());
  }

  /** Ask whether to leave. */
  ask() {
    this.#dialog.open({
      title: [this.#i18n.t("leave.title")],
      text: [this.#whereto(), ...describeUnsent(this.#room, this.#i18n)].join(" "),
      fields: [],
      confirm: this.#i18n.t("leave"),
      danger: true,
      run: () => this.#room.leave(),
    });
  }

  #whereto() {
    const name = this.#tabSync.otherName;
    return name ? this.#i18n.t("leave.switch", { name }) : this.#i18n.t("leave.everywhere");
  }
}

/**
 * @param {Room} room
 * @param {I18n} i18n
 * @returns {string[]} Sentences about what would be dropped.
 */
export function describeUnsent(room, i18n) {
  const { messages, acts, drafts } = room.sender.count();
  return [
    ...(messages ? [i18n.t("unsent.messages", { count: messages })] : []),
    ...(acts ? [i18n.t("unsent.acts")] : []),
    ...(drafts ? [i18n.t("unsent.drafts")] : []),
  ];
}
