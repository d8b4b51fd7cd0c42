/** @typedef {import("../lib/terminal_text.js").Run} Run */
/**
 * Somebody has come or gone.
 * @typedef {{type: "joined", name: string, at: string} | {type: "left", name: string, at: string, reason?: string}} Visit
 */

/** Reasons for leaving that a notice has announced. */
const HAS_NOTICE = ["kicked", "banned"];
/** People in one line. */
const MOST = 50;
/** Stands in a text for a name. */
const NAME = "\0";
/** Who has come, has gone, or was here or away for a moment: by the first and the last of what they did. */
const SIGNS = new Map([
  ["joined joined", "→"],
  ["left left", "←"],
  ["joined left", "↔"],
  ["left joined", "↔"],
]);

/** One line about those who come and go, until something else is shown: cli_client/presence.py. */
export class TerminalPresence {
  #words;
  #layout;
  /** Shows names in their styles. */
  #listed;
  /** @type {Map<string, {first: string, last: string}>} */
  #visits = new Map();
  #at = "";
  #isSlow = false;

  /**
   * @param {import("../lib/terminal_words.js").TerminalWords} words
   * @param {import("./terminal_layout.js").TerminalLayout} layout
   * @param {(names: string[]) => Run[]} listed
   */
  constructor(words, layout, listed) {
    this.#words = words;
    this.#layout = layout;
    this.#listed = listed;
  }

  /** @param {Visit} visit */
  note(visit) {
    const { type, name, at } = visit;
    const reason = (visit.type === "left" && visit.reason) || "";
    if (HAS_NOTICE.includes(reason)) return;
    if (this.#visits.size === 0) this.#at = at;
    this.#visits.set(name, { first: this.#visits.get(name)?.first ?? type, last: type });
    this.#isSlow = reason === "slow";
  }

  /** Whether the line is so long that another one begins. */
  get isFull() {
    return this.#visits.size >= MOST;
  }

  /** Something else is shown. */
  end() {
    this.#visits.clear();
  }

  /** @returns {Run[][]} The line so far, without the day. */
  get lines() {
    const { size } = this.#visits;
    return size ? this.#layout.presence(this.#at, size > 1 ? this.#several() : this.#one()) : [];
  }

  /** @returns {Run[][]} The same, behind the day if that is a new one: it is told then. */
  linesWithDay() {
    return this.#visits.size ? [...this.#layout.day(this.#at), ...this.lines] : [];
  }

  /** @returns {Run[]} */
  #one() {
    const [[name, { first, last }] = ["", { first: "", last: "" }]] = [...this.#visits];
    const key = last === "joined" ? "joined" : this.#isSlow ? "left_because_slow" : "left";
    const [before = "", after = ""] = this.#words.t(key, { name: NAME }).split(NAME);
    const sign = SIGNS.get(`${first} ${last}`);
    return [["class:dim", `${sign} ${before}`], ...this.#listed([name]), ["class:dim", after]];
  }

  /** @returns {Run[]} */
  #several() {
    /** @type {Run[]} */
    const out = [];
    for (const sign of new Set(SIGNS.values())) {
      const names = [...this.#visits]
        .filter(([, { first, last }]) => SIGNS.get(`${first} ${last}`) === sign)
        .map(([name]) => name);
      if (names.length) out.push(["class:dim", `${out.length ? " · " : ""}${sign} `], ...this.#listed(names));
    }
    return out;
  }
}
