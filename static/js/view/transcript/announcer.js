import { byId, make } from "../../lib/dom.js";
import { parseMarkdown } from "../../lib/markdown.js";
import { plainText } from "../../lib/plain_text.js";
import { clean } from "../../lib/text.js";
import { describeLive } from "./live_slot.js";
import { describeFailure } from "./message_view.js";
import { describeNotice } from "./notice_view.js";
import { describePresence } from "./row_view.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Arrival} Arrival */
/** @typedef {import("../../model/room.js").Room} Room */

/** Most lines read out at once: nobody listens to more. */
const MAX_LINES = 10;
/** Milliseconds after which a line is removed: it has been read, and the conversation has it too. */
const KEPT = 5000;

/** Has screen readers read out what is new in the conversation, each message with its author, and once. */
export class Announcer {
  #region = byId("div", "announcer");
  #room;
  #i18n;
  /** Not yet read out. @type {Arrival[]} */
  #arrived = [];
  /** The `ref` of messages that were not sent, and that this was said of. */
  #failed = new Set();
  /** Live messages that have ended, which was not yet read out. @type {import("../../model/protocol.js").Message[]} */
  #ended = [];

  /**
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor(room, i18n) {
    this.#room = room;
    this.#i18n = i18n;
    room.arrived.on(arrival => {
      this.#arrived.push(arrival);
      if (this.#arrived.length > MAX_LINES) this.#arrived.shift();
    });
    room.lives.ended.on(message => {
      if (!room.isIgnored(message.name)) this.#ended.push(message);
      if (this.#ended.length > MAX_LINES) this.#ended.shift();
    });
  }

  /** @param {boolean} inView  Whether the reader is at the end of the conversation, and hears what is new there. */
  update(inView) {
    const failed = this.#room.outbox.messages.filter(({ state }) => state === "failed");
    const reasons = failed.filter(({ ref }) => !this.#failed.has(ref));
    this.#failed = new Set(failed.map(({ ref }) => ref));
    const arrived = this.#arrived.splice(0);
    const ended = this.#ended.splice(0);
    if (!inView) return;
    const lines = [
      ...arrived.map(arrival => make("p", "", ...this.#describe(arrival))),
      ...ended.map(message => make("p", "", this.#describeEnd(message))),
      ...reasons.map(message => make("p", "", describeFailure(message, this.#i18n))),
    ];
    this.#region.append(...lines);
    if (lines.length) setTimeout(() => lines.map(line => line.remove()), KEPT);
  }

  /** @param {Arrival} arrival */
  #describe(arrival) {
    if (arrival.type !== "message") {
      const { type, name, at } = arrival;
      const reason = type === "left" ? arrival.reason : undefined;
      const item = {
        kind: /** @type {const} */ ("presence"),
        key: "",
        joined: type === "joined",
        name,
        at,
        reason,
      };
      return describePresence([item], this.#i18n);
    }
    const { notice, text } = arrival;
    if (!notice) return [this.#describeMessage(arrival)];
    const said = notice.act === "announce" ? `: ${clean(notice.text ?? "")}` : "";
    return [...describeNotice({ notice, text }, this.#i18n), said];
  }

  /** @param {import("../../model/protocol.js").MessageEvent} message */
  #describeMessage({ name, text, reply, kind, live }) {
    if (live) return `${clean(name)}: ▸ ${clean(text)}`;
    const said = plainText(parseMarkdown(clean(text)));
    if (kind === "action") return `${clean(name)} ${said}`;
    if (!reply?.name) return `${clean(name)}: ${said}`;
    return this.#i18n.t("quote.said", { name: clean(name), whom: clean(reply.name), text: said });
  }

  /** @param {import("../../model/protocol.js").Message} message */
  #describeEnd({ name, text, live }) {
    const state = live ? describeLive(live, live.seconds ?? 0, this.#i18n) : "";
    return `${clean(name)}: ${clean(text)}, ${state}`;
  }
}
