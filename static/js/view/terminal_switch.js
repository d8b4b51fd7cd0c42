import { byId } from "../lib/dom.js";
import { parseMarkdown } from "../lib/markdown.js";
import { nameColours } from "../lib/name_colours.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/settings.js").Settings} Settings */
/** @typedef {import("./toast.js").Toast} Toast */

/** Shows the conversation as a terminal would, if the reader wishes; Ctrl+` changes that. */
export class TerminalSwitch {
  #terminal = byId("div", "terminal");
  #transcript = byId("div", "transcript");
  #room;
  #settings;
  #i18n;
  #views;
  #load;
  /** Made when it is first wanted. @type {Promise<import("./terminal_view.js").TerminalView> | null} */
  #view = null;

  /**
   * @param {Room} room
   * @param {Settings} settings
   * @param {I18n} i18n
   * @param {{transcript: {toNewest: () => void}, toast: Toast}} views
   * @param {() => Promise<typeof import("./terminal_view.js")>} load
   */
  constructor(room, settings, i18n, views, load) {
    this.#room = room;
    this.#settings = settings;
    this.#i18n = i18n;
    this.#views = views;
    this.#load = load;
    settings.changed.on(() => this.#apply());
    document.addEventListener("keydown", event => this.#onKey(event));
    this.#apply();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { code, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (code !== "Backquote" || !ctrlKey || metaKey || altKey || shiftKey) return;
    if (document.querySelector("#room[hidden], dialog:modal")) return;
    event.preventDefault();
    this.#settings.next("view");
  }

  get #isWanted() {
    return this.#settings.get("view") === "terminal";
  }

  async #apply() {
    if (!this.#isWanted) {
      if (!this.#terminal.hidden) this.#show(false);
      (await this.#view)?.stop();
      return;
    }
    if (!this.#terminal.hidden) return;
    try {
      this.#view ??= this.#load().then(({ TerminalView }) => {
        const given = { colours: nameColours, parse: parseMarkdown };
        return new TerminalView(this.#terminal, this.#room, this.#i18n.locale, given);
      });
      const view = await this.#view;
      if (!this.#isWanted) return;
      this.#show(true);
      view.start();
    } catch {
      this.#view = null; // the page is out of date, or offline
      this.#settings.set("view", "page");
      this.#views.toast.show(this.#i18n.t("terminal.failed"));
    }
  }

  /** @param {boolean} inTerminal */
  #show(inTerminal) {
    const hadFocus = [this.#terminal, this.#transcript].some(each => each.contains(document.activeElement));
    this.#views.transcript.toNewest(); // what is read in either is read
    this.#terminal.hidden = !inTerminal;
    this.#transcript.hidden = inTerminal;
    document.documentElement.dataset.view = inTerminal ? "terminal" : "page";
    if (hadFocus) (inTerminal ? this.#terminal : this.#transcript).focus({ preventScroll: true });
  }
}
