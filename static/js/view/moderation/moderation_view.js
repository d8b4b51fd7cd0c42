import { byId, textWithBdi } from "../../lib/dom.js";
import { clean, isBlank, lengthOf } from "../../lib/text.js";
import { BansDialog } from "./bans_dialog.js";
import { explain, sanctionOf, topicProblem } from "./forms.js";
import { WhoisDialog } from "./whois_dialog.js";

/** @typedef {import("../action_dialog.js").Action} Action */
/** @typedef {import("../action_dialog.js").ActionDialog} ActionDialog */
/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/commands.js").ParsedCommand} ParsedCommand */
/** @typedef {import("../people.js").People} People */
/** @typedef {import("../../model/protocol.js").ModerationFields} ModerationFields */
/** @typedef {import("../../model/protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../toast.js").Toast} Toast */

const ADDRESS = /^[0-9a-f.:/]*[.:][0-9a-f.:/]*$/i;

/** Seconds of a mute from the menu. */
const MUTE = 600;

/** What only moderators see, and the button to become one. */
export class ModerationView {
  #foot = byId("div", "people-acts");
  #become = byId("button", "moderator-button");
  #announce = byId("button", "announce-button");
  #bans = byId("button", "bans-button");
  #moderation;
  #room;
  #i18n;
  #toast;
  #people;
  #actionDialog;
  #whoisDialog;
  #bansDialog;

  /**
   * @param {Room} room
   * @param {I18n} i18n
   * @param {People} people
   * @param {ActionDialog} actionDialog
   * @param {Toast} toast
   */
  constructor(room, i18n, people, actionDialog, toast) {
    this.#room = room;
    this.#moderation = room.moderation;
    this.#i18n = i18n;
    this.#toast = toast;
    this.#people = people;
    this.#actionDialog = actionDialog;
    this.#bansDialog = new BansDialog(room.moderation, i18n);
    this.#whoisDialog = new WhoisDialog(room.moderation, i18n, address => this.#askBan(address, ""));
    this.#become.addEventListener("click", () => this.#askPassword());
    this.#announce.addEventListener("click", () => this.#askAnnouncement());
    this.#bans.addEventListener("click", () => this.#bansDialog.open());
    room.moderation.changed.on(() => this.#show());
    room.moderation.demoted.on(() => toast.show(i18n.t("moderator.lost")));
    // The room is hidden, and an open modal dialog would block the login form.
    room.left.on(() => this.#close());
    room.refused.on(() => this.#close());
    this.#show();
  }

  /**
   * Do what was typed as a command.
   * @param {ParsedCommand} command
   * @returns {Promise<string>} Why it could not be done, or "".
   */
  async run({ name, target = "", id = 0, seconds, text = "" }) {
    const { available, moderator } = this.#moderation;
    if (name === "moderator") {
      if (!available || moderator) return this.#i18n.t(available ? "moderator.already" : "moderator.none");
      this.#askPassword(text);
      return "";
    }
    if (!moderator) return this.#i18n.error("not_moderator");
    switch (name) {
      case "kick":
        this.#askKick(target, text);
        break;
      case "ban":
        this.#askBan(target, ADDRESS.test(target) ? "" : undefined, { seconds, reason: text });
        break;
      case "delete":
        this.askDelete(id, text);
        break;
      case "whois":
        this.#whoisDialog.open(target);
        break;
      case "bans":
        this.#bansDialog.open();
        break;
      default: {
        const act = /** @type {import("../../model/protocol.js").Act} */ (name);
        const said = name === "topic" && text === "-" ? "" : text;
        const problem = name === "topic" ? topicProblem(this.#i18n, said) : "";
        if (problem) return problem;
        const answer = await this.#moderation.moderate({
          act,
          target,
          text: said,
          ...(seconds && { seconds }),
        });
        return answer.type === "error" ? explain(this.#i18n, answer) : "";
      }
    }
    return "";
  }

  #show() {
    const { available, moderator } = this.#moderation;
    this.#foot.hidden = !moderator;
    this.#become.hidden = moderator || !available;
  }

  #close() {
    this.#actionDialog.close();
    this.#whoisDialog.close();
    this.#bansDialog.close();
  }

  /**
   * @param {string} name
   * @returns {import("../menu.js").MenuItem[]} What a moderator can do about this person.
   */
  itemsFor(name) {
    if (!this.#moderation.moderator) return [];
    const label = (/** @type {string} */ key) => this.#i18n.t(`person.${key}`);
    const isMuted = this.#moderation.mutes.until(name) !== undefined;
    return [
      isMuted
        ? { label: label("unmute"), run: () => this.#moderate({ act: "unmute", target: name }) }
        : { label: label("mute"), run: () => this.#moderate({ act: "mute", target: name, seconds: MUTE }) },
      { label: label("whois"), run: () => this.#whoisDialog.open(name) },
      { label: label("kick"), run: () => this.#askKick(name), danger: true },
      { label: label("ban"), run: () => this.#askBan(name), danger: true },
    ];
  }

  /** @param {Omit<Action, "run"> & {run: (data: FormData) => Promise<RoomEvent>}} action */
  #open(action) {
    const focusAfter = () => this.#people.focus();
    const run = async (/** @type {FormData} */ data) => {
      const answer = await action.run(data);
      return answer.type === "error" ? explain(this.#i18n, answer) : "";
    };
    this.#actionDialog.open({ ...action, run, focusAfter });
  }

  /** @param {string} password  If it was given already. */
  #askPassword(password = "") {
    this.#open({
      title: [this.#i18n.t("moderator.title")],
      fields: ["password"],
      values: { password },
      confirm: this.#i18n.t("moderator.enter"),
      run: async data => {
        const answer = await this.#moderation.authenticate(String(data.get("password")));
        if (answer.type === "role" && answer.moderator) this.#toast.show(this.#i18n.t("moderator.welcome"));
        return answer;
      },
    });
    if (password) this.#actionDialog.submit();
  }

  #askAnnouncement() {
    this.#open({
      title: [this.#i18n.t("action.announce")],
      fields: ["announcement"],
      confirm: this.#i18n.t("action.announce.confirm"),
      run: async data => {
        const text = String(data.get("announcement")).trim();
        if (isBlank(text)) return { type: "error", code: "blank" };
        if (lengthOf(text) > this.#room.limits.text) return { type: "error", code: "too_long" };
        return this.#moderation.moderate({ act: "announce", text });
      },
    });
  }

  /**
   * @param {string} name
   * @param {string} reason
   */
  #askKick(name, reason = "") {
    this.#open({
      title: textWithBdi(this.#i18n, "action.kick", { name: clean(name) }),
      text: this.#i18n.t("action.kick.text"),
      fields: ["reason"],
      values: { reason },
      confirm: this.#i18n.t("action.kick.confirm"),
      danger: true,
      run: data => this.#moderation.moderate({ act: "kick", target: name, text: sanctionOf(data).text }),
    });
  }

  /**
   * @param {string} target  A name or an address.
   * @param {string} text    What the ban does.
   * @param {{seconds?: number, reason: string}} [typed]  Without `seconds` it is for good.
   */
  #askBan(target, text = this.#i18n.t("action.ban.text"), typed) {
    const { seconds, reason = "" } = typed ?? {};
    const duration = seconds ? this.#i18n.duration(seconds) : "";
    const name = clean(target);
    this.#open({
      title: textWithBdi(this.#i18n, seconds ? "action.ban.for" : "action.ban", {
        name,
        duration: [duration],
      }),
      text,
      fields: seconds ? ["reason"] : ["seconds", "reason"],
      values: { reason, ...(typed && { seconds: "" }) },
      confirm: this.#i18n.t("action.ban.confirm"),
      danger: true,
      run: data =>
        this.#moderation.moderate({ act: "ban", target, ...sanctionOf(data), ...(seconds && { seconds }) }),
    });
  }

  /**
   * Ask a moderator whether somebody's message is to be deleted, and why.
   * @param {number} id
   * @param {string} reason
   */
  askDelete(id, reason = "") {
    this.#open({
      title: [this.#i18n.t("action.delete", { number: `#${id}` })],
      text: this.#i18n.t("action.delete.text"),
      fields: ["reason"],
      values: { reason },
      confirm: this.#i18n.t("action.delete.confirm"),
      danger: true,
      run: data => this.#moderation.moderate({ act: "delete", id, text: sanctionOf(data).text }),
    });
  }

  /**
   * Do something that needs no confirmation.
   * @param {ModerationFields} fields
   */
  async #moderate(fields) {
    const answer = await this.#moderation.moderate(fields);
    if (answer.type === "error") this.#toast.show(explain(this.#i18n, answer));
  }
}
