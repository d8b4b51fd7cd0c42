/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/commands.js").ParsedCommand} ParsedCommand */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../leave_button.js").LeaveButton} LeaveButton */
/** @typedef {import("../moderation/moderation_view.js").ModerationView} ModerationView */
/** @typedef {import("../people.js").People} People */
/** @typedef {import("../search_panel.js").SearchPanel} SearchPanel */
/** @typedef {import("../transcript/permalinks.js").Permalinks} Permalinks */
/** @typedef {import("../transcript/transcript.js").Transcript} Transcript */

/** Does what was typed as a command, as the buttons and menus of the page do it. */
export class CommandRunner {
  #room;
  #i18n;
  #views;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {{people: People, searchPanel: SearchPanel, transcript: Transcript, permalinks: Permalinks,
   *   leaveButton: LeaveButton, moderation: ModerationView}} views
   */
  constructor(room, i18n, views) {
    this.#room = room;
    this.#i18n = i18n;
    this.#views = views;
  }

  /**
   * @param {ParsedCommand} command  Any but `help`.
   * @returns {Promise<string>} Why it could not be done, or "".
   */
  async run(command) {
    const { people, searchPanel, permalinks, leaveButton, moderation } = this.#views;
    const { name, id = 0, count = 0, text = "" } = command;
    switch (name) {
      case "who":
        searchPanel.close();
        people.open();
        return "";
      case "search":
        if (!this.#room.search.available) return this.#i18n.t("command.no_search");
        searchPanel.open(text);
        return "";
      case "history":
        await this.#showEarlier(count);
        return "";
      case "show":
        permalinks.goTo(id);
        return "";
      case "quit":
        leaveButton.ask();
        return "";
      default:
        return moderation.run(command);
    }
  }

  /** @param {number} count  Of messages, after which to stop; or at the earliest there is. */
  async #showEarlier(count) {
    const id = await this.#room.history.findBack(count);
    if (id !== null) this.#views.transcript.show(id);
  }
}
