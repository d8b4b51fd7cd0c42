import { ModerationView } from "./view/moderation/moderation_view.js";
import { SearchPanel } from "./view/search_panel.js";

/** @typedef {import("./lib/i18n.js").I18n} I18n */
/** @typedef {import("./model/room.js").Room} Room */
/** @typedef {import("./view/action_dialog.js").ActionDialog} ActionDialog */
/** @typedef {import("./view/people.js").People} People */
/** @typedef {import("./view/toast.js").Toast} Toast */

/**
 * What nobody needs before the conversation is there: the search, and what moderators do. In a bundle, too, this
 * is a file of its own, which is loaded later: see view/late_tools.js.
 */
export class Tools {
  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {People} people
   * @param {ActionDialog} actionDialog
   * @param {Toast} toast
   */
  constructor(room, i18n, people, actionDialog, toast) {
    this.searchPanel = new SearchPanel(room, i18n);
    this.moderation = new ModerationView(room, i18n, people, actionDialog, toast);
  }
}
