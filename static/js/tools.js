import { MessageActs } from "./view/acts/message_acts.js";
import { ModerationView } from "./view/moderation/moderation_view.js";
import { SearchPanel } from "./view/search_panel.js";

/** @typedef {import("./lib/i18n.js").I18n} I18n */
/** @typedef {import("./lib/storage.js").Store} Store */
/** @typedef {import("./model/room.js").Room} Room */
/** @typedef {import("./view/acts/message_acts.js").Doors} Doors */
/** @typedef {import("./view/action_dialog.js").ActionDialog} ActionDialog */
/** @typedef {import("./view/people.js").People} People */
/** @typedef {import("./view/toast.js").Toast} Toast */

/**
 * What nobody needs before the conversation is there: the search, what is done with messages, and what moderators
 * do. In a bundle, too, this is a file of its own, which is loaded later: see view/late_tools.js.
 */
export class Tools {
  /**
   * @param {Room} room
   * @param {Store} store
   * @param {I18n} i18n
   * @param {{people: People, actionDialog: ActionDialog, toast: Toast}} views
   * @param {Omit<Doors, "moderate">} composer
   */
  constructor(room, store, i18n, { people, actionDialog, toast }, composer) {
    this.searchPanel = new SearchPanel(room, i18n);
    const moderation = new ModerationView(room, i18n, people, actionDialog, toast);
    this.moderation = moderation;
    new MessageActs(
      room,
      store,
      i18n,
      { actionDialog, toast },
      {
        ...composer,
        moderate: id => moderation.askDelete(id),
      },
    );
  }
}
