import { wrap } from "../lib/cells.js";
import { wrapRuns } from "../lib/terminal_text.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/terminal_text.js").Run} Run */

/** Most cells of a line, for legibility. */
const MAX_WIDTH = 100;
/** Cells of the time and the space after it. */
const TIME_WIDTH = 6;
/** Columns from which on further lines of a text stand below its first one. */
const WIDE = 100;

/** What all lines of the terminal have in common, as cli_client/layout.py has it. */
export class TerminalLayout {
  /** The day of the last line. */
  date = "";

  #words;
  #columns;

  /**
   * @param {import("../lib/terminal_words.js").TerminalWords} words
   * @param {() => number} columns
   */
  constructor(words, columns) {
    this.#words = words;
    this.#columns = columns;
  }

  /** Whether further lines of a text stand below its first one. */
  get isWide() {
    return this.#columns() >= WIDE;
  }

  /** @returns {{width: number, indent: string}} Cells of a text beside the time, and what its further lines begin with. */
  textWidth() {
    const columns = this.#columns();
    const width = Math.max(8, Math.min(columns, MAX_WIDTH) - 1 - TIME_WIDTH);
    return { width, indent: " ".repeat(columns >= 40 ? TIME_WIDTH : 2) };
  }

  /** @param {number} cells  Beside the time. @returns {number} How many the row has behind them. */
  restOfRow(cells) {
    const columns = this.#columns();
    return columns - 1 - ((TIME_WIDTH + cells) % columns);
  }

  /** @param {string} text @returns {Run[][]} */
  dim(text) {
    return this.#wrapped(text, 0).map(line => [["class:dim", line]]);
  }

  /** @param {string} text @returns {Run[][]} A line that stands above others. */
  title(text) {
    return [[["class:dim", `── ${text} ──`]]];
  }

  /**
   * @param {string} at  "" for no time.
   * @param {string} text
   * @returns {Run[][]} The text behind its time.
   */
  timed(at, text) {
    const [first = "", ...others] = this.#wrapped(text, TIME_WIDTH);
    /** @type {Run[][]} */
    const lines = [[this.clockOf(at), ["class:dim", first]]];
    return [...this.dayOf(at), ...lines, ...others.map(line => /** @type {Run[]} */ ([["class:dim", line]]))];
  }

  /** @param {Run[]} runs @returns {Run[][]} The answer to a command. */
  answer(runs) {
    const [first = [], ...others] = this.#flow(runs, this.textWidth().width + 2, "  ");
    return [[["class:answer", "» "], ...first], ...others];
  }

  /**
   * @param {string} at
   * @param {Run[]} runs
   * @returns {Run[][]} Who comes and goes, behind the time.
   */
  presence(at, runs) {
    const { width, indent } = this.textWidth();
    const [first = [], ...others] = this.#flow(runs, width, indent);
    return [[this.clock(at), ...first], ...others];
  }

  /** @param {string} at @returns {Run[][]} A line with the day, if that is a new one. */
  day(at) {
    const time = new Date(at);
    const date = time.toDateString();
    if (Number.isNaN(time.getTime()) || date === this.date) return [];
    this.date = date;
    const month = this.#words.t("months").split(" ")[time.getMonth()] ?? "";
    return this.title(this.#words.t("date", { day: time.getDate(), month, year: time.getFullYear() }));
  }

  /** @param {string} at  "" for no time. @returns {Run[][]} */
  dayOf(at) {
    return at ? this.day(at) : [];
  }

  /** @param {string} at @returns {Run} The time of day. */
  clock(at) {
    const time = new Date(at);
    if (Number.isNaN(time.getTime())) return ["class:dim", "--:-- "];
    const [hours, minutes] = [time.getHours(), time.getMinutes()].map(part => String(part).padStart(2, "0"));
    return ["class:dim", `${hours}:${minutes} `];
  }

  /** @param {string} at  "" for no time. @returns {Run} */
  clockOf(at) {
    return at ? this.clock(at) : ["", " ".repeat(TIME_WIDTH)];
  }

  /**
   * Further lines are indented: they must not look like another person's message.
   * @param {string} text
   * @param {number} first
   */
  #wrapped(text, first) {
    const width = this.textWidth().width + TIME_WIDTH - 2;
    return text
      .split("\n")
      .flatMap(line => wrap(line, width, first).map((piece, index) => (index ? `  ${piece}` : piece)));
  }

  /**
   * @param {Run[]} runs
   * @param {number} width
   * @param {string} indent
   * @returns {Run[][]}
   */
  #flow(runs, width, indent) {
    return wrapRuns(runs, width, 0).map((line, index) => (index ? [["", indent], ...line] : line));
  }
}

/** @param {string} text @returns {string} Cleaned, in one line. */
export function oneLine(text) {
  return clean(text).replace(/\s+/gu, " ").trim();
}
