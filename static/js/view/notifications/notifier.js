import { parseMarkdown } from "../../lib/markdown.js";
import { plainText } from "../../lib/plain_text.js";
import { clean } from "../../lib/text.js";

/** @typedef {import("./attention.js").Attention} Attention */
/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/protocol.js").MessageEvent} MessageEvent */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../../model/settings.js").Settings} Settings */

/** Milliseconds after which a message is shown: more may come, or its reader may see it in another tab. */
const DELAY = 500;
/** Characters of its text. */
const MAX_TEXT = 200;

/**
 * Shows a notification of the browser for what comes while nobody looks at the page: of what calls the reader by name
 * or answers the reader, or of all, as is chosen. There is one at a time; a click on it leads to its message.
 */
export class Notifier {
  #room;
  #settings;
  #attention;
  #i18n;
  #show;
  /** What came just now. @type {MessageEvent[]} */
  #arrived = [];
  /** @type {Notification | null} */
  #shown = null;
  /** The id of its message. */
  #id = 0;

  /**
   * @param {Room} room
   * @param {Settings} settings
   * @param {Attention} attention
   * @param {I18n} i18n
   * @param {(id: number) => void} show  Goes to a message.
   */
  constructor(room, settings, attention, i18n, show) {
    this.#room = room;
    this.#settings = settings;
    this.#attention = attention;
    this.#i18n = i18n;
    this.#show = show;
    room.arrived.on(arrival => {
      if (arrival.type === "message") this.#onMessage(arrival);
    });
    room.unread.changed.on(() => {
      if (room.unread.lastRead >= this.#id) this.#close();
    });
    room.left.on(() => this.#close());
    window.addEventListener("pagehide", () => this.#close());
  }

  /** @param {MessageEvent} message */
  #onMessage(message) {
    const { notice } = message;
    const wanted = this.#settings.get("notify");
    const concerns = this.#room.concerns(message);
    if (wanted === "off" || (wanted === "called" && !concerns)) return;
    if ((notice && notice.act !== "announce") || this.#attention.isHere) return;
    if (this.#arrived.length === 0) setTimeout(() => this.#notify(), DELAY);
    this.#arrived.push(message);
  }

  async #notify() {
    const arrived = this.#arrived.splice(0);
    if (Notification.permission !== "granted" || (await this.#attention.isAnywhere())) return;
    const { unread, timeline } = this.#room;
    const news = arrived.filter(({ id }) => id > unread.lastRead && !timeline.get(id)?.deleted);
    const message = news.findLast(each => this.#room.concerns(each)) ?? news.at(-1);
    if (!message) return;
    this.#close();
    try {
      this.#open(message);
    } catch {
      this.#settings.set("notify", "off"); // this browser wants a service worker for them
    }
  }

  /** @param {MessageEvent} message */
  #open(message) {
    const { id, notice } = message;
    const text = plainText(parseMarkdown(clean(notice ? (notice.text ?? "") : message.text)));
    // The same of another tab is replaced.
    const notification = new Notification(this.#describe(message), {
      body: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
      tag: `${location.pathname} ${id}`,
      lang: document.documentElement.lang,
    });
    notification.addEventListener("click", () => {
      window.focus();
      this.#show(id);
      notification.close();
    });
    this.#shown = notification;
    this.#id = id;
  }

  /** @param {MessageEvent} message @returns {string} Who speaks, and to whom. */
  #describe({ name, notice, mentions = [], reply, mine = false }) {
    if (notice) return this.#i18n.t("notify.announcement", { name: clean(notice.by ?? name) });
    const kind = this.#room.concerns({ mentions, mine })
      ? "notify.mention"
      : this.#room.concerns({ reply, mine })
        ? "notify.reply"
        : "notify.message";
    return this.#i18n.t(kind, { name: clean(name) });
  }

  #close() {
    this.#shown?.close();
    this.#shown = null;
  }
}
