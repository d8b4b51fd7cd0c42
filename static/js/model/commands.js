/**
 * @typedef {object} Command         A row of the table in chat_protocol/commands.py.
 * @property {string} name
 * @property {string} argument       Its grammar.
 * @property {boolean} moderatorsOnly
 * @property {boolean} onPage        Whether the page has it.
 * @property {string} needs          What the server must say that it can; "" if older ones can too.
 * @typedef {{commands: Command[], units: Record<string, number>, maxSeconds: number, maxQuery: number,
 *   pageSize: number}} CommandTable
 * @typedef {object} Arguments
 * @property {string} [target]       A name, an address or a network.
 * @property {number} [id]           Of a message.
 * @property {number} [count]
 * @property {number} [seconds]
 * @property {string} [text]         The reason, or what is to be said, found or proved.
 * @property {string} [emoji]        Or its short name; whether it is one is for the server to say.
 * @typedef {{name: string} & Arguments} ParsedCommand
 * @typedef {object} UsageError      `typed` is the time with `bad_time`, the word with `unknown_command`,
 *   else the command's name.
 * @property {"unknown_command" | "misuse" | "bad_time" | "elsewhere"} error
 * @property {string} typed
 */

// A reason follows a colon and white space. Of an IPv6 address only a final "::" may be followed by that.
const REASON = /(?<!:):(?:\s+|$)/u;
// A last word of a number and letters is a time, and no part of a name.
const LIKE_A_TIME = /^[0-9][\p{L}\p{N}_.,]*$/u;
const NO_NUMBER = /[\p{L}\p{Nl}\p{No}_]/u;
const NUMBER = /^#?([0-9]{1,15})$/;
const NUMBER_AND_TEXT = /^(?:#([0-9]{1,15})(?:\s+|$))?(.*)$/su;

/**
 * @param {string} draft
 * @returns {boolean} Whether it begins with one slash; `//x` is the text `/x`.
 */
export function isCommand(draft) {
  return draft.startsWith("/") && !draft.startsWith("//");
}

/** The commands that can be typed, and their parser: what it accepts is what the terminal accepts. */
export class Commands {
  /** Those that the page has. @type {Command[]} */
  list;

  #table;
  /** @type {Map<string, Command>} */
  #byName;

  /** @param {CommandTable} table */
  constructor(table) {
    this.#table = table;
    this.#byName = new Map(table.commands.map(command => [command.name, command]));
    this.list = table.commands.filter(({ onPage }) => onPage);
  }

  /** @param {string} name @returns {Command | undefined} */
  get(name) {
    return this.#byName.get(name);
  }

  /**
   * @param {string} draft  Of which `isCommand` holds.
   * @returns {ParsedCommand | UsageError}
   */
  parse(draft) {
    const [, word = "", argument = ""] = /^\/\s*(\S*)\s*(.*)$/su.exec(draft.trimEnd()) ?? [];
    const command = this.get(word.toLowerCase());
    if (!command) return { error: "unknown_command", typed: `/${word}` };
    if (!command.onPage) return { error: "elsewhere", typed: command.name };
    const parsed = this.#parseArgument(command, argument);
    if (!parsed) return { error: "misuse", typed: command.name };
    return "error" in parsed ? parsed : { name: command.name, ...parsed };
  }

  /**
   * @param {string} typed      A word that is no command, with its slash.
   * @param {Command[]} among
   * @returns {Command | undefined} One that begins like it, or differs by one letter.
   */
  nearest(typed, among) {
    const word = typed.slice(1).toLowerCase();
    if (word === "") return undefined;
    return among.find(({ name }) => name.startsWith(word)) ?? among.find(({ name }) => isNear(word, name));
  }

  /**
   * @param {Command} command
   * @param {string} argument  Without white space around it.
   * @returns {Arguments | UsageError | null} Null if it is missing or wrong.
   */
  #parseArgument({ argument: grammar, moderatorsOnly }, argument) {
    const [first, withReason] = grammar.split("[: ");
    const { target, ...reason } = withReason ? splitReason(argument) : { target: argument };
    switch (first) {
      case "":
        return argument && moderatorsOnly ? null : {};
      case "[n]":
        return argument ? numbered("count", argument) : { count: this.#table.pageSize };
      case "#id":
        return numbered("id", target, reason);
      case "[text]":
        return argument ? { text: argument } : {};
      case "[#id] text":
        return perhapsNumbered(argument);
      case "[#id] emoji":
        return reaction(argument.split(/\s+/u));
      case "words":
        return argument ? { text: cut(argument.split(/\s+/u).join(" "), this.#table.maxQuery) } : null;
      case "text":
      case "PASSWORD":
        return argument ? { text: argument } : null;
      case "[NAME]":
        return target ? { target } : {};
      case "NAME":
        return target ? { target, ...reason } : null;
      case "NAME [time]":
        return this.#parseTimed(target, reason);
      default:
        return null;
    }
  }

  /**
   * @param {string} target  Perhaps with a time behind it.
   * @param {{text?: string}} reason
   * @returns {Arguments | UsageError | null}
   */
  #parseTimed(target, reason) {
    const at = target.lastIndexOf(" ");
    const last = target.slice(at + 1);
    if (at < 1 || !LIKE_A_TIME.test(last) || !NO_NUMBER.test(last))
      return target ? { target, ...reason } : null;
    const seconds = this.#seconds(last.toLowerCase());
    if (!(seconds >= 1 && seconds <= this.#table.maxSeconds)) return { error: "bad_time", typed: last };
    return { target: target.slice(0, at).trimEnd(), seconds, ...reason };
  }

  /** @param {string} time @returns {number} NaN if it is no time. */
  #seconds(time) {
    const [, count, unit = ""] = /^([0-9]{1,9})(\p{L})$/u.exec(time) ?? [];
    return Number(count) * (this.#table.units[unit] ?? Number.NaN);
  }
}

/**
 * @param {string} argument
 * @returns {{target: string, text?: string}}
 */
function splitReason(argument) {
  const found = REASON.exec(argument);
  if (!found) return { target: argument };
  const text = argument.slice(found.index + found[0].length).trim();
  return { target: argument.slice(0, found.index).trim(), ...(text && { text }) };
}

/**
 * @param {"id" | "count"} key
 * @param {string} argument
 * @param {Arguments} more
 * @returns {Arguments | null}
 */
function numbered(key, argument, more = {}) {
  const number = Number(NUMBER.exec(argument)?.[1]);
  return number ? { [key]: number, ...more } : null;
}

/**
 * @param {string} argument
 * @returns {Arguments | null}
 */
function perhapsNumbered(argument) {
  const [, number, text = ""] = NUMBER_AND_TEXT.exec(argument) ?? [];
  if (!text || number === undefined) return text ? { text } : null;
  const id = Number(number);
  return id ? { id, text } : null;
}

/**
 * @param {string[]} words
 * @returns {Arguments | null}
 */
function reaction(words) {
  const emoji = words.pop() ?? "";
  if (!emoji || NUMBER.test(emoji)) return null;
  const [number, ...more] = words;
  if (number === undefined) return { emoji };
  return more.length ? null : numbered("id", number, { emoji });
}

/** @param {string} text @param {number} length  Code points. */
function cut(text, length) {
  return [...text].slice(0, length).join("");
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {boolean} Whether they differ by one letter, or by two that are swapped.
 */
function isNear(one, other) {
  let [start, end] = [0, 0];
  while (start < one.length && one[start] === other[start]) start += 1;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end))
    end += 1;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}
