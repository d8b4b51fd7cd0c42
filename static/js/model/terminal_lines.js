import { cellWidth, clip, wrap } from "../lib/cells.js";
import { splitMentions } from "../lib/mentions.js";
import { quotedText } from "../lib/plain_text.js";
import { layOutText, splitLine } from "../lib/terminal_text.js";
import { clean } from "../lib/text.js";
import { oneLine, TerminalLayout } from "./terminal_layout.js";
import { lastLines, standing } from "./terminal_live.js";
import { TerminalPresence } from "./terminal_presence.js";

/** @typedef {import("../lib/terminal_text.js").Run} Run */
/** @typedef {import("../lib/terminal_words.js").TerminalWords} TerminalWords */
/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").Notice} Notice */
/** @typedef {import("./protocol.js").Quote} Quote */
/** @typedef {import("./protocol.js").Reaction} Reaction */

/**
 * What is shown: somebody has come in, a message, what has become of one (`before` is null if that is not known),
 * who comes and goes.
 * @typedef {{type: "entered", name: string, members: string[], count?: number, messages?: Message[], read?: number | null,
 *   missed?: number, rejoined?: boolean, newLog?: boolean}} Entered
 * @typedef {{type: "message", message: Message}} Said
 * @typedef {{type: "changed", message: Message, before: Message | null, act: string, at: string, own: boolean}} Became
 * @typedef {import("./terminal_presence.js").Visit} Visit
 * @typedef {Entered | Said | Became | Visit | {type: "title" | "line", text: string}} TerminalEvent
 */

/** Cells of a name in a quote or beside a reaction, and of an emoji. */
const NAME_WIDTH = 24;
const EMOJI_WIDTH = 8;
/** Cells of a name beside which there is room for all lines of a text. */
const HANGING = 26;
/** Cells of the time. */
const TIME_WIDTH = 6;
/** Stands in a text for names. */
const NAMES = "\0";

/**
 * What the room looks like in the terminal client: events become lines in styles. It is cli_client/render.py and
 * message_lines.py anew; tests/terminal_vectors.json holds for both.
 */
export class TerminalLines {
  /** The reader's name. */
  me = "";

  #words;
  #layout;
  #colours;
  #parse;
  #presence;

  /**
   * @param {TerminalWords} words
   * @param {() => number} columns
   * @param {{of: (name: string) => number}} colours
   * @param {(text: string) => import("../lib/markdown.js").Part[]} parse  Of a text with marks.
   */
  constructor(words, columns, colours, parse) {
    this.#words = words;
    this.#layout = new TerminalLayout(words, columns);
    this.#colours = colours;
    this.#parse = parse;
    this.#presence = new TerminalPresence(words, this.#layout, names => this.#listed(names));
  }

  /**
   * @param {TerminalEvent} event
   * @returns {Run[][]} The lines it adds. Who comes and goes is added with what is shown next: see `visitors`.
   */
  show(event) {
    if (event.type === "joined" || event.type === "left") {
      const full = this.#presence.isFull ? this.#presence.linesWithDay() : [];
      if (full.length) this.#presence.end();
      this.#presence.note(event);
      return full;
    }
    const { date } = this.#layout;
    const visitors = this.#presence.linesWithDay();
    const lines = this.#linesOf(event);
    if (lines.length) this.#presence.end();
    else this.#layout.date = date;
    return lines.length ? [...visitors, ...lines] : [];
  }

  /** @returns {Run[][]} Who has come and gone since something else was shown. */
  get visitors() {
    return this.#presence.lines;
  }

  /** @returns {Run[][]} The same, behind the day if that is a new one: it is told then. */
  visitorsWithDay() {
    return this.#presence.linesWithDay();
  }

  /**
   * @param {string} name
   * @returns {string} The style of a name.
   */
  styleOf(name) {
    return name === this.me ? "class:me" : `class:person-${this.#colours.of(name)}`;
  }

  /**
   * @param {Entered | Said | Became | {type: "title" | "line", text: string}} event
   * @returns {Run[][]}
   */
  #linesOf(event) {
    switch (event.type) {
      case "entered":
        return this.#entered(event);
      case "message":
        return this.#message(event.message);
      case "changed":
        return this.#changed(event);
      case "title":
        return this.#layout.title(event.text);
      default:
        return this.#layout.dim(event.text);
    }
  }

  /** @param {Entered} event @returns {Run[][]} */
  #entered({ name, members, count, messages = [], read = null, missed = 0, rejoined, newLog }) {
    this.me = name;
    const words = this.#words;
    /** @type {Run[][]} */
    const lines = [];
    if (newLog) lines.push(...this.#layout.dim(words.t("new_log")));
    else if (rejoined) lines.push(...this.#layout.dim(words.t("back")));
    if (missed) lines.push(...this.#layout.dim(words.plural("missed", missed)));
    let follows = !rejoined;
    for (const message of messages) {
      if (read !== null && follows && message.id > read) lines.push(...this.#layout.title(words.t("unread")));
      follows = read !== null && message.id <= read;
      lines.push(...this.#message(message));
    }
    if (rejoined) return lines;
    if (messages.length) lines.push(...this.#layout.dim(words.t("history_end")));
    lines.push(...this.#layout.dim(words.t("entered", { name: oneLine(name) })));
    if (count) return [...lines, ...this.#layout.dim(words.plural("here_in_crowd", count))];
    return [...lines, ...this.#members(members)];
  }

  /** @param {string[]} names @returns {Run[][]} */
  #members(names) {
    if (names.length <= 1) return this.#layout.answer([["", this.#words.t("alone")]]);
    const keys = new Map(names.map(name => [name, oneLine(name).toLowerCase()]));
    const key = (/** @type {string} */ name) => keys.get(name) ?? "";
    const sorted = [...names].sort((one, other) => (key(one) < key(other) ? -1 : 1));
    const text = this.#words.plural("here", names.length, { names: NAMES });
    const [before = "", after = ""] = text.split(NAMES);
    return this.#layout.answer([["", before], ...this.#listed(sorted), ["", after]]);
  }

  /** @param {string[]} names @returns {Run[]} With commas between. */
  #listed(names) {
    return names.flatMap((name, index) => [
      .../** @type {Run[]} */ (index ? [["class:dim", ", "]] : []),
      [this.styleOf(name), oneLine(name)],
    ]);
  }

  // --- messages ------------------------------------------------------------------------

  /** @param {Message} message @returns {Run[][]} */
  #message(message) {
    const { id, at, reply, deleted, edited, reactions = [] } = message;
    const number = edited && !deleted ? `#${id} · ${this.#words.t("edited")}` : `#${id}`;
    const quote = reply && !deleted ? [...this.#layout.day(at), ...this.#quote(reply)] : [];
    const day = this.#layout.day(at);
    const lines = [...quote, ...day, ...this.#body(message, [this.#layout.clock(at)], [], number)];
    if (reactions.length) {
      const { indent } = this.#layout.textWidth();
      lines.push([["class:dim", indent], ...this.#reactions(reactions, 0)]);
    }
    return lines;
  }

  /** @param {Became} event @returns {Run[][]} */
  #changed({ message, before, act, at, own }) {
    if (before === null && !own) return [];
    const number = `#${message.id} `;
    if (message.deleted) {
      if (before?.deleted) return [];
      return this.#layout.timed(
        at,
        this.#words.t("told_deleted", { number: message.id, name: oneLine(message.name) }),
      );
    }
    const { live } = message;
    if (live && live.state !== "open" && !isSame(live, before?.live)) {
      const body = this.#body(message, [this.#layout.clockOf(at), ["class:dim", number]], [], "");
      const { width, indent } = this.#layout.textWidth();
      const last = lastLines(live, width).map(line => /** @type {Run[]} */ ([["", indent], ...line]));
      return [...this.#layout.dayOf(at), ...body, ...last];
    }
    const lines = [];
    if (before === null ? act === "edit" : before.text !== message.text) {
      const head = /** @type {Run[]} */ ([["class:dim", `✎ ${number}`]]);
      lines.push(...this.#layout.dayOf(at), ...this.#body(message, [this.#layout.clockOf(at)], head, ""));
    }
    const shown = (/** @type {Message} */ { reactions = [] }) =>
      reactions.map(({ emoji, count }) => `${emoji} ${count}`).join();
    if (before === null ? act === "react" : shown(before) !== shown(message)) {
      lines.push(...this.#layout.dayOf(at));
      const reactions = this.#reactions(message.reactions ?? [], number.length);
      lines.push([this.#layout.clockOf(at), /** @type {Run} */ (["class:dim", number]), ...reactions]);
    }
    return lines;
  }

  /**
   * @param {Message} message
   * @param {Run[]} time
   * @param {Run[]} head
   * @param {string} number  "" for none.
   * @returns {Run[][]}
   */
  #body(message, time, head, number) {
    let { width, indent } = this.#layout.textWidth();
    const { notice, deleted, mentions = [], live } = message;
    const isDim = deleted || (notice && notice.act !== "announce");
    const style = isDim ? "class:dim" : "";
    const out = [...head];
    let text = clean(message.text);
    if (notice) {
      text = this.#notice(notice, text);
    } else {
      const isAction = message.kind === "action" && !deleted;
      if (isAction) out.push(["class:dim", "* "]);
      const nameEnd = isAction || (live && !deleted) ? "" : ":";
      out.push([this.styleOf(message.name), oneLine(message.name)], ["class:dim", nameEnd]);
      if (live) text = standing(oneLine(message.text), live, this.#words);
    }
    if (deleted) text = this.#words.t("deleted");
    const used = widthOf(out) + (out.length ? 1 : 0);
    const ownLine = used > Math.floor(width / 2); // a long name in a narrow terminal
    let first = ownLine ? 0 : used;
    if (this.#layout.isWide && used <= HANGING) {
      indent += " ".repeat(used);
      width -= used;
      first = 0;
    }
    /** @type {Run[][]} */
    let lines =
      notice || deleted || live
        ? wrap(text, width, first).map(line => [[style, line]])
        : layOutText(text, width, first, style, this.#parse);
    if (mentions.length) lines = lines.map(line => this.#markCalls(line, mentions));
    const isBeside = !ownLine && (lines[0] ?? []).length > 0;
    if (number) this.#addNumber(lines, number, width, first, indent.length - TIME_WIDTH);
    const [begin = [], ...others] = lines;
    const further = others.map(line => /** @type {Run[]} */ ([["", indent], ...line]));
    if (out.length && ownLine) return [[...time, ...out], [["", indent], ...begin], ...further];
    const gap = /** @type {Run[]} */ (out.length && isBeside ? [["", " "]] : []);
    return [[...time, ...out, ...gap, ...begin], ...further];
  }

  /**
   * Add the number behind the text; if it has no room there, in one more line with the end of the text.
   * @param {Run[][]} lines
   * @param {string} number
   * @param {number} width
   * @param {number} first   By how many cells the first line is shorter.
   * @param {number} indent  Of all lines, from the time on.
   */
  #addNumber(lines, number, width, first, indent) {
    const last = lines.at(-1) ?? [];
    const shown = /** @type {Run} */ (["class:dim", `  ${number}`]);
    const before = lines.length === 1 ? first : 0;
    const used = widthOf(last) + before;
    const room = width - number.length - 2;
    if (used <= room) {
      last.push(shown);
      return;
    }
    if (used > width) {
      // An address that is kept whole.
      if (this.#layout.restOfRow((before ? 0 : indent) + used) >= number.length + 2) {
        last.push(shown);
        return;
      }
    } else if (!last[0]?.[0].endsWith("class:dim")) {
      const text = last.map(([, part]) => part).join("");
      let word = text.lastIndexOf(" ") + 1;
      if (word === 0 || cellWidth(text.slice(word)) > room)
        word = room > before ? clip(text, room - before).length : 0;
      if (word) {
        const [begin, rest] = splitLine(last, word);
        lines.splice(-1, 1, begin, [...rest, shown]);
        return;
      }
    }
    lines.push([["class:dim", number]]);
  }

  /**
   * @param {Run[]} line
   * @param {string[]} mentions
   * @returns {Run[]} With the names that are called marked: the reader's own, and the others in their colours.
   */
  #markCalls(line, mentions) {
    return line.flatMap(([style, text]) =>
      splitMentions(text, mentions).map(({ text: piece, name }) => {
        const isReader = name === this.me || name === "all";
        const look = name && (isReader ? "class:mention" : this.styleOf(name));
        return /** @type {Run} */ ([`${style} ${look}`, piece]);
      }),
    );
  }

  /** @param {Quote} quote @returns {Run[][]} The line above an answer. */
  #quote(quote) {
    const { width, indent } = this.#layout.textWidth();
    const name = clip(oneLine(quote.name ?? ""), NAME_WIDTH);
    let excerpt = quotedText(oneLine(quote.excerpt ?? ""), this.#parse);
    const key = excerpt ? "quote" : name ? "quote_deleted" : "quote_lost";
    const room = width - cellWidth(this.#words.t(key, { number: quote.id, name, excerpt: "" }));
    if (cellWidth(excerpt) > room) excerpt = `${clip(excerpt, Math.max(0, room - 1)).trimEnd()}…`;
    const line = clip(this.#words.t(key, { number: quote.id, name, excerpt }), width);
    return [[["class:dim", `${indent}${line}`]]];
  }

  /**
   * @param {Reaction[]} reactions
   * @param {number} used  Cells of the line before them.
   * @returns {Run[]} With names, or without if they have no room.
   */
  #reactions(reactions, used) {
    if (reactions.length === 0) return [["class:dim", this.#words.t("no_reactions")]];
    let width = this.#layout.textWidth().width - used;
    const marks = reactions.map(({ emoji, count }) => `${clip(oneLine(emoji), EMOJI_WIDTH)} ${count}`);
    let names = reactions.map(reaction => (reaction.names?.length ? `: ${this.#names(reaction)}` : ""));
    if (cellWidth(marks.map((mark, index) => mark + names[index]).join(" · ")) > width)
      names = names.map(() => "");
    /** @type {Run[]} */
    const out = [];
    for (const [index, { mine }] of reactions.entries()) {
      const [mark = "", who = ""] = [marks[index], names[index]];
      const gap = index ? " · " : "";
      width -= cellWidth(gap + mark + who);
      if (width < 2) return [...out, ["class:dim", " …"]];
      out.push(["class:dim", gap], [mine ? "bold" : "class:dim", mark], ["class:dim", who]);
    }
    return out;
  }

  /** @param {Reaction} reaction */
  #names({ names = [], count }) {
    const listed = names.map(name => clip(oneLine(name), NAME_WIDTH)).join(", ");
    const more = count - names.length;
    return more > 0 ? this.#words.t("names_and_more", { names: listed, count: more }) : listed;
  }

  /**
   * @param {Notice} notice
   * @param {string} roomText  The room's words, if the act is unknown.
   */
  #notice({ act, by, target = "", id = 0, seconds = 0, text: reason = "" }, roomText) {
    const words = this.#words;
    if (act === "announce" || (act === "topic" && reason))
      return words.t(`notice_${act}`, { by: oneLine(by), text: clean(reason) });
    let key = act === "topic" ? "notice_topic_cleared" : `notice_${act}`;
    if (!target && words.has(`${key}_address`)) key += "_address";
    if (seconds && words.has(`${key}_for`)) key += "_for";
    if (!words.has(key)) return roomText;
    const time = words.duration(seconds);
    const text = words.t(key, { by: oneLine(by), target: oneLine(target), number: id, time });
    return reason ? words.t("with_reason", { text, reason: oneLine(reason) }) : text;
  }
}

/** @param {import("./protocol.js").Live} one @param {import("./protocol.js").Live} [other] */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** @param {Run[]} line @returns {number} Its width in cells. */
function widthOf(line) {
  return line.reduce((sum, [, text]) => sum + cellWidth(text), 0);
}
