import { byId, weave } from "../../lib/dom.js";
import { clean, isBlank, lengthOf } from "../../lib/text.js";
import { DeedDialog, explain, sentenceOf } from "./action_dialog.js";
import { BansDialog } from "./bans_dialog.js";
import { Menu } from "./menu.js";
import { MessageTools } from "./message_tools.js";
import { WhoisDialog } from "./whois_dialog.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../people.js").People} People */
/** @typedef {import("../../model/protocol.js").Deed} Deed */
/** @typedef {import("../../model/protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../toast.js").Toast} Toast */

/** Seconds for which the menu silences somebody. */
const MUTE = 600;

/** All that a moderator sees and others do not, and the way to become one. */
export class ModerationView {
  #foot = byId("div", "people-foot");
  #become = byId("button", "moderator-button");
  #announce = byId("button", "announce-button");
  #bans = byId("button", "bans-button");
  #moderation;
  #room;
  #words;
  #toast;
  #menu = new Menu();
  #deed;
  #whoisDialog;
  #bansDialog;

  /**
   * @param {Room} room
   * @param {Words} words
   * @param {People} people
   * @param {Toast} toast
   */
  constructor(room, words, people, toast) {
    this.#room = room;
    this.#moderation = room.moderation;
    this.#words = words;
    this.#toast = toast;
    this.#deed = new DeedDialog(words);
    this.#bansDialog = new BansDialog(room.moderation, words);
    this.#whoisDialog = new WhoisDialog(room.moderation, words, address => this.#askBan(address, ""));
    this.#become.addEventListener("click", () => this.#askPassword());
    this.#announce.addEventListener("click", () => this.#askAnnouncement());
    this.#bans.addEventListener("click", () => this.#bansDialog.open());
    people.asked.on(({ name, button }) => this.#offer(name, button));
    new MessageTools(room, words).asked.on(id => this.#askDelete(id));
    room.moderation.changed.on(() => this.#show());
    room.moderation.demoted.on(() => toast.show(words.say("moderator.lost")));
    // The room is not shown any more, and a dialog that stayed would keep everything else from use.
    room.left.on(() => this.#close());
    room.refused.on(() => this.#close());
  }

  #show() {
    const { possible, moderator } = this.#moderation;
    this.#foot.hidden = !possible;
    this.#become.hidden = moderator;
    this.#announce.hidden = this.#bans.hidden = !moderator;
    if (!moderator) this.#menu.close();
  }

  #close() {
    this.#menu.close();
    this.#deed.close();
    this.#whoisDialog.close();
    this.#bansDialog.close();
  }

  /**
   * @param {string} name
   * @param {HTMLElement} button
   */
  #offer(name, button) {
    const say = (/** @type {string} */ key) => this.#words.say(`person.${key}`);
    this.#menu.open(button, this.#words.say("people.more", { name: clean(name) }), [
      { label: say("mute"), act: () => this.#do({ act: "mute", target: name, seconds: MUTE }) },
      { label: say("unmute"), act: () => this.#do({ act: "unmute", target: name }) },
      { label: say("whois"), act: () => this.#whoisDialog.open(name) },
      { label: say("kick"), act: () => this.#askKick(name), grave: true },
      { label: say("ban"), act: () => this.#askBan(name), grave: true },
    ]);
  }

  #askPassword() {
    this.#deed.open({
      title: [this.#words.say("moderator.title")],
      fields: ["password"],
      confirm: this.#words.say("moderator.enter"),
      act: async data => {
        const answer = await this.#moderation.authenticate(String(data.get("password")));
        if (answer.type === "role" && answer.moderator)
          this.#toast.show(this.#words.say("moderator.welcome"));
        return answer;
      },
    });
  }

  #askAnnouncement() {
    this.#deed.open({
      title: [this.#words.say("deed.announce")],
      fields: ["announcement"],
      confirm: this.#words.say("deed.announce.do"),
      act: async data => {
        const text = String(data.get("announcement")).trim();
        if (isBlank(text)) return { type: "error", code: "blank", text: "" };
        if (lengthOf(text) > this.#room.limits.text) return { type: "error", code: "too_long", text: "" };
        return this.#moderation.moderate({ act: "announce", text });
      },
    });
  }

  /** @param {string} name */
  #askKick(name) {
    this.#deed.open({
      title: weave(this.#words, "deed.kick", { name: clean(name) }),
      words: this.#words.say("deed.kick.words"),
      fields: ["reason"],
      confirm: this.#words.say("deed.kick.do"),
      grave: true,
      act: data => this.#moderation.moderate({ act: "kick", target: name, text: sentenceOf(data).text }),
    });
  }

  /**
   * @param {string} target  A name or an address.
   * @param {string} words   What it means.
   */
  #askBan(target, words = this.#words.say("deed.ban.words")) {
    this.#deed.open({
      title: weave(this.#words, "deed.ban", { name: clean(target) }),
      words,
      fields: ["seconds", "reason"],
      confirm: this.#words.say("deed.ban.do"),
      grave: true,
      act: data => this.#moderation.moderate({ act: "ban", target, ...sentenceOf(data) }),
    });
  }

  /** @param {number} id */
  #askDelete(id) {
    this.#deed.open({
      title: [this.#words.say("deed.delete", { number: `#${id}` })],
      words: this.#words.say("deed.delete.words"),
      fields: [],
      confirm: this.#words.say("deed.delete.do"),
      grave: true,
      act: () => this.#moderation.moderate({ act: "delete", id }),
    });
  }

  /**
   * What needs no more words.
   * @param {Deed} deed
   */
  async #do(deed) {
    const answer = await this.#moderation.moderate(deed);
    if (answer.type === "error") this.#toast.show(explain(this.#words, answer));
  }
}
