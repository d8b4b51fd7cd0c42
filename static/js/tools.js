import { byId } from "./lib/dom.js";
import { scopeOf } from "./lib/room_store.js";
import { MessageActs } from "./view/acts/message_acts.js";
import { RecentEmoji } from "./view/acts/recent_emoji.js";
import { EditedRow } from "./view/composer/edited_row.js";
import { CrowdPeople } from "./view/crowd_people.js";
import { LinkSheet } from "./view/link_sheet.js";
import { ModerationView } from "./view/moderation/moderation_view.js";
import { TopicEditor } from "./view/moderation/topic_editor.js";
import { Attention } from "./view/notifications/attention.js";
import { Notifier } from "./view/notifications/notifier.js";
import { findObstacle, NotifySetting } from "./view/notifications/notify_setting.js";
import { UnreadBadge } from "./view/notifications/unread_badge.js";
import { PassingPanel } from "./view/passing_panel.js";
import { SearchPanel } from "./view/search_panel.js";
import { FirstUnread } from "./view/transcript/first_unread.js";

/** @typedef {import("./lib/emojis.js").Emojis} Emojis */
/** @typedef {import("./lib/i18n.js").I18n} I18n */
/** @typedef {import("./lib/storage.js").Store} Store */
/** @typedef {import("./model/room.js").Room} Room */
/** @typedef {import("./model/settings.js").Settings} Settings */
/** @typedef {import("./view/acts/message_acts.js").Doors} Doors */
/** @typedef {Omit<Doors, "moderate"> & {show: (id: number) => void}} ToolDoors */
/** @typedef {import("./view/action_dialog.js").ActionDialog} ActionDialog */
/** @typedef {import("./view/composer/composer_task.js").ComposerTask} ComposerTask */
/** @typedef {import("./view/people.js").People} People */
/** @typedef {import("./view/toast.js").Toast} Toast */
/** @typedef {import("./view/transcript/transcript.js").Transcript} Transcript */

/**
 * What nobody needs before the conversation is there: the search, what is done with messages, and what moderators
 * do. In a bundle, too, this is a file of its own, which is loaded later: see view/late_tools.js.
 */
export class Tools {
  /**
   * @param {Room} room
   * @param {{store: Store, emojis: Emojis, settings: Settings}} data
   * @param {I18n} i18n
   * @param {{people: People, actionDialog: ActionDialog, toast: Toast, transcript: Transcript,
   *   composerTask: ComposerTask}} views
   * @param {ToolDoors} elsewhere
   */
  constructor(room, { store, emojis, settings }, i18n, views, elsewhere) {
    const { people, actionDialog, toast, transcript, composerTask } = views;
    this.searchPanel = new SearchPanel(room, i18n, async time => {
      const id = await room.history.findSince(time);
      if (id === null) toast.show(i18n.t("search.date.none"));
      else elsewhere.show(id);
    });
    new CrowdPeople(room);
    const linkSheet = new LinkSheet(room, i18n);
    byId("button", "link-button").addEventListener("click", () => linkSheet.open());
    this.linkSheet = linkSheet;
    const moderation = new ModerationView(room, i18n, people, actionDialog, toast);
    this.moderation = moderation;
    new TopicEditor(room, i18n, people);
    const doors = { ...elsewhere, moderate: (/** @type {number} */ id) => moderation.askDelete(id) };
    this.panels = {
      search: this.searchPanel,
      link: linkSheet,
      menu: new PassingPanel(byId("div", "message-menu")),
      emoji: new PassingPanel(byId("div", "emoji")),
      action: new PassingPanel(byId("dialog", "action")),
      whois: new PassingPanel(byId("dialog", "whois")),
      bans: new PassingPanel(byId("dialog", "bans")),
    };
    const recent = new RecentEmoji(store);
    const messageActs = new MessageActs(room, recent, emojis, i18n, { actionDialog, toast }, doors);
    new FirstUnread(room, transcript);
    new UnreadBadge(room.unread, room.about);
    new NotifySetting(settings, i18n);
    if (["", "denied"].includes(findObstacle()))
      new Notifier(room, settings, new Attention(scopeOf(location.pathname)), i18n, elsewhere.show);
    new EditedRow(room, composerTask, transcript);
    this.askDelete = (/** @type {number} */ id) => messageActs.askDelete(id);
  }
}
