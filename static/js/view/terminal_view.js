import { make } from "../lib/dom.js";
import { TerminalWords } from "../lib/terminal_words.js";
import { TerminalHistory } from "../model/terminal_history.js";
import { oneLine } from "../model/terminal_layout.js";
import { TerminalLines } from "../model/terminal_lines.js";

/**
 * Loaded when the reader first wants it: see terminal_switch.js. In a bundle it has its own copies of the small modules
 * that it shares with the page; those that are large or must exist once it is given.
 */

/** @typedef {import("../lib/terminal_text.js").Run} Run */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/terminal_lines.js").TerminalEvent} TerminalEvent */
/** @typedef {{colours: import("../lib/name_colours.js").NameColours,
 *   parse: typeof import("../lib/markdown.js").parseMarkdown}} Given */

/** Pixels from the lower end within which the reader follows what comes, and from the upper one for older messages. */
const MARGIN = 30;
const OLDER_MARGIN = 300;
/** Messages above the input that are not sent, as the terminal client shows them. */
const UNSENT_SHOWN = 4;
/** Characters whose width is measured. */
const MEASURED = 50;

/** The room as the terminal client shows it: lines of cells, and the newest below. */
export class TerminalView {
  #element;
  #room;
  #given;
  #words;
  #history;
  #lines;
  #rows = make("div", "terminal-rows");
  /** What changes: who comes and goes, what is not sent, the state. */
  #bottom = make("div", "terminal-bottom");
  #isOn = false;
  #columns = 0;
  #scheduled = false;

  /**
   * @param {HTMLElement} element
   * @param {Room} room
   * @param {string} locale
   * @param {Given} given
   */
  constructor(element, room, locale, given) {
    this.#element = element;
    this.#room = room;
    this.#given = given;
    this.#words = new TerminalWords(locale);
    this.#history = new TerminalHistory(room, this.#words);
    this.#lines = this.#begin();
    element.append(this.#rows, this.#bottom);
    this.#history.added.on(events => this.#add(events));
    this.#history.begun.on(() => this.#onBegun());
    const { members, connection, moderation } = room;
    for (const signal of [members.changed, connection.changed, room.changed, moderation.changed])
      signal.on(() => this.#schedule());
    new ResizeObserver(() => this.#onResize()).observe(element);
    element.addEventListener("scroll", () => this.#onScroll(), { passive: true });
  }

  /** Show the conversation from now on. */
  start() {
    this.#isOn = true;
    this.#columns = this.#measure();
    this.#history.start();
    this.#toEnd();
  }

  /** Show nothing any more. */
  stop() {
    this.#isOn = false;
    this.#history.stop();
    this.#rows.replaceChildren();
  }

  /** @returns {TerminalLines} Of an empty screen. */
  #begin() {
    const lines = new TerminalLines(this.#words, () => this.#columns, this.#given.colours, this.#given.parse);
    lines.me = this.#room.members.self;
    return lines;
  }

  #drawAll() {
    this.#lines = this.#begin();
    this.#rows.replaceChildren();
    this.#append(this.#history.events);
    this.#drawBottom();
  }

  #onBegun() {
    const follows = this.#isAtEnd;
    this.#drawAll();
    if (follows) this.#toEnd();
  }

  /** @param {TerminalEvent[]} events */
  #add(events) {
    const follows = this.#isAtEnd;
    this.#append(events);
    this.#drawBottom();
    if (follows) this.#toEnd();
  }

  /** @param {TerminalEvent[]} events */
  #append(events) {
    this.#rows.append(...events.flatMap(event => this.#lines.show(event)).map(makeRow));
  }

  #schedule() {
    if (!this.#isOn || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const follows = this.#isAtEnd;
      this.#drawBottom();
      if (follows) this.#toEnd();
      else this.#onScroll(); // what was asked for may be there
    });
  }

  #drawBottom() {
    const rows = [...this.#lines.visitors, ...this.#unsent(), this.#status()];
    this.#bottom.replaceChildren(...rows.map(makeRow));
  }

  /** @returns {Run[][]} */
  #unsent() {
    const texts = this.#room.outbox.messages.map(({ text }) => `  … ${oneLine(text.slice(0, 100))}`);
    const hidden = texts.length - UNSENT_SHOWN;
    const shown = texts.slice(-UNSENT_SHOWN);
    if (hidden > 0) shown.unshift(this.#words.t("more_unsent", { count: hidden }));
    return shown.map(text => [["class:dim", text]]);
  }

  /** @returns {Run[]} The line about the connection. */
  #status() {
    const { joined, members, moderation, outbox } = this.#room;
    const words = this.#words;
    if (!joined)
      return [
        ["class:warning", "● "],
        ["", words.t("bar_connecting", { address: location.host })],
      ];
    const role = moderation.moderator ? ` · ${words.t("bar_moderator")}` : "";
    const here = words.t("bar_here", { count: members.count });
    /** @type {Run[]} */
    const line = [
      ["class:ok", "● "],
      [this.#lines.styleOf(members.self), oneLine(members.self)],
      ["class:dim", `${role} · ${here}`],
    ];
    const unsent = outbox.messages.length;
    if (unsent) line.push(["class:dim", " · "], ["class:warning", words.t("bar_unsent", { count: unsent })]);
    const typing = this.#typing(members.typing.map(oneLine));
    if (typing) line.push(["class:dim", ` · ${typing}`]);
    return line;
  }

  /** @param {string[]} names */
  #typing(names) {
    if (names.length === 0) return "";
    if (names.length > 2) return this.#words.t("bar_many_typing");
    return this.#words.plural("bar_typing", names.length, { names: names.join(this.#words.t("and")) });
  }

  // --- the screen ----------------------------------------------------------------------

  #onResize() {
    if (!this.#isOn) return;
    const columns = this.#measure();
    const follows = this.#isAtEnd;
    if (columns !== this.#columns) {
      this.#columns = columns;
      this.#keepPlace(() => this.#drawAll());
    }
    if (follows) this.#toEnd();
  }

  /** @returns {number} How many columns there are. */
  #measure() {
    const probe = make("span", "terminal-probe", "0".repeat(MEASURED));
    this.#rows.append(probe);
    const { width } = probe.getBoundingClientRect();
    probe.remove();
    return Math.max(16, Math.floor(this.#rows.clientWidth / (width / MEASURED || 8)));
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#element;
    return scrollHeight - scrollTop - clientHeight < MARGIN;
  }

  #toEnd() {
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  /** @param {() => void} draw  After it, the same lines are in view, counted from below. */
  #keepPlace(draw) {
    const below = this.#element.scrollHeight - this.#element.scrollTop;
    draw();
    this.#element.scrollTop = this.#element.scrollHeight - below;
  }

  #onScroll() {
    if (!this.#isOn || this.#element.scrollTop > OLDER_MARGIN) return;
    if (this.#history.loadOlder()) this.#keepPlace(() => this.#drawAll());
  }
}

/** @param {Run[]} line @returns {HTMLElement} */
function makeRow(line) {
  const runs = line.filter(([, text]) => text);
  return make("div", "terminal-row", ...runs.map(makeRun));
}

/** @param {Run} run @returns {HTMLElement | string} */
function makeRun([style, text]) {
  const classes = style.split(" ").filter(Boolean).map(classOf);
  return classes.length ? make("span", classes.join(" "), text) : text;
}

/** @param {string} style @returns {string} What the style sheet calls it. */
function classOf(style) {
  const [, number] = /^class:person-(\d+)$/.exec(style) ?? [];
  if (number) return `in-person colour-${number}`;
  return style.startsWith("sgr-") ? style : `in-${style.replace("class:", "")}`;
}
