import { substitute } from "../../model/short_forms.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/commands.js").ParsedCommand} ParsedCommand */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../../model/short_forms.js").ShortReaction} ShortReaction */
/** @typedef {import("../../model/short_forms.js").Substitution} Substitution */
/** @typedef {import("../leave_button.js").LeaveButton} LeaveButton */
/** @typedef {import("../link_sheet.js").LinkSheet} LinkSheet */
/** @typedef {import("../away_watch.js").AwayWatch} AwayWatch */
/** @typedef {import("../people.js").People} People */
/** @typedef {import("../transcript/topic_line.js").TopicLine} TopicLine */
/** @typedef {import("../transcript/permalinks.js").Permalinks} Permalinks */
/** @typedef {import("../transcript/transcript.js").Transcript} Transcript */
/** @typedef {import("../moderation/moderation_view.js").ModerationView} ModerationView */
/** @typedef {import("../search_panel.js").SearchPanel} SearchPanel */
/**
 * As tools.js makes them; `askDelete` asks whether one's own message is to be deleted.
 * @typedef {{searchPanel: SearchPanel, linkSheet: LinkSheet, moderation: ModerationView,
 *   askDelete: (id: number) => boolean}} Tools
 * @typedef {{tools: Tools | null, get: () => Promise<Tools | null>}} LateTools
 */

/** Most code points of a reason for being away. */
const MAX_WHY = 60;

/** Does what was typed as a command, as the buttons and menus of the page do it. */
export class CommandRunner {
  #room;
  #i18n;
  #views;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {{people: People, topicLine: TopicLine, awayWatch: AwayWatch, transcript: Transcript, permalinks: Permalinks, leaveButton: LeaveButton,
   *   lateTools: LateTools}} views
   */
  constructor(room, i18n, views) {
    this.#room = room;
    this.#i18n = i18n;
    this.#views = views;
  }

  /** @param {ShortReaction | Substitution} form @returns {boolean} Whether the room knows that. */
  canRun({ name }) {
    return this.#room.acts.can(name === "s" ? "edit" : "react");
  }

  /**
   * @param {ParsedCommand | Substitution} command  Any but `help`.
   * @returns {Promise<string>} Why it could not be done, or "".
   */
  async run(command) {
    if ("old" in command) return this.#correct(command);
    const { people, topicLine, permalinks, leaveButton, lateTools } = this.#views;
    const { name, id = 0, count = 0, text = "", target } = command;
    switch (name) {
      case "who":
        lateTools.tools?.searchPanel.close();
        people.open(target);
        return "";
      case "search":
        if (!this.#room.search.available) return this.#i18n.t("command.no_search");
        return this.#withTools(({ searchPanel }) => {
          searchPanel.open(text);
          return "";
        });
      case "history":
        await this.#showEarlier(count);
        return "";
      case "show":
        permalinks.goTo(id);
        return "";
      case "link":
        if (!this.#room.acts.can("link")) return this.#i18n.t("command.cannot");
        return this.#withTools(({ linkSheet }) => {
          linkSheet.open();
          return "";
        });
      case "away":
      case "back":
        if (!this.#room.acts.can("away")) return this.#i18n.t("command.cannot");
        this.#views.awayWatch.tell(name === "away", [...text].slice(0, MAX_WHY).join(""));
        return "";
      case "topic":
        if (!text) return topicLine.open() ? "" : this.#i18n.error("no_topic");
        return this.#withTools(({ moderation }) => moderation.run(command));
      case "quit":
        leaveButton.ask();
        return "";
      case "reply":
      case "edit":
      case "react":
      case "unreact":
      case "me":
        return this.#act(command);
      case "delete":
        return this.#withTools(({ askDelete, moderation }) =>
          !text && askDelete(id) ? "" : moderation.run(command),
        );
      default:
        return this.#withTools(({ moderation }) => moderation.run(command));
    }
  }

  /** @param {Substitution} substitution @returns {string} Why it could not be done, or "". */
  #correct(substitution) {
    const { acts } = this.#room;
    const last = acts.lastOwn();
    const text = last && substitute(substitution, last.text);
    const target = last && "ref" in last ? last.ref : last?.id;
    if (!text || !target) return this.#i18n.t("command.no_match");
    acts.edit(target, text);
    return "";
  }

  /**
   * Act on the message with this number, or on the last one.
   * @param {ParsedCommand} command
   * @returns {string} Why it could not be done, or "".
   */
  #act({ name, id, text = "", emoji = "" }) {
    const { acts } = this.#room;
    const what =
      { me: /** @type {const} */ ("action"), unreact: /** @type {const} */ ("react") }[name] ?? name;
    if (!acts.can(what)) return this.#i18n.t("command.cannot");
    const last = name === "edit" ? acts.lastOwn() : acts.lastOfOthers();
    const target = id ?? (last && "ref" in last ? last.ref : last?.id) ?? null;
    if (name === "me") this.#room.say(text, { action: true });
    else if (target === null) return this.#i18n.t("command.no_message");
    else if (name === "edit") acts.edit(target, text);
    else if (name === "reply") this.#room.say(text, { reply: Number(target) });
    else acts.react(target, emoji, name === "react");
    if (name === "me" || name === "reply") this.#views.transcript.toNewest();
    return "";
  }

  /**
   * @param {(tools: Tools) => string | Promise<string>} run
   * @returns {Promise<string>} What it returns; or that they could not be loaded.
   */
  async #withTools(run) {
    const tools = await this.#views.lateTools.get();
    return tools ? run(tools) : this.#i18n.t("tools.failed");
  }

  /** @param {number} count  Of messages, after which to stop; or at the earliest there is. */
  async #showEarlier(count) {
    const id = await this.#room.history.findBack(count);
    if (id !== null) this.#views.transcript.show(id);
  }
}
