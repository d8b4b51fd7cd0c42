import { Signal } from "../../lib/signal.js";

/** @typedef {import("../../model/ignored.js").Ignored} Ignored */
/** @typedef {import("../../model/settings.js").Settings} Settings */
/** @typedef {import("../../model/timeline.js").Item} Item */
/** @typedef {import("../../model/timeline.js").MessageItem} MessageItem */

/**
 * One line in place of `count` messages, or above them if it is open. `id` and `at` are those of the first.
 * @typedef {{kind: "fold", key: string, id: number | null, at: string, what: "acts" | "ignored", count: number,
 *   open: boolean, names: string[]}} FoldItem
 */

/** Of so many acts of moderators in a row all but the last are folded. */
const FOLDED_ACTS = 3;

/**
 * What of the conversation is hidden or shown as one line: joins and leaves as the reader wishes, acts of
 * moderators in a row, and the messages of people whom the reader ignores.
 */
export class Folds {
  /** @type {Signal} */
  changed = new Signal();

  #settings;
  #ignored;
  /** Keys of messages that are shown though they would be folded. @type {Set<string>} */
  #opened = new Set();
  /** Keys of the messages behind each line, by the line's key. @type {Map<string, string[]>} */
  #behind = new Map();

  /**
   * @param {Settings} settings
   * @param {Ignored} ignored
   */
  constructor(settings, ignored) {
    this.#settings = settings;
    this.#ignored = ignored;
    settings.changed.on(() => this.changed.emit());
    ignored.changed.on(() => this.changed.emit());
  }

  /**
   * @param {Item[]} items
   * @param {string} self  The reader's name.
   * @returns {(Item | FoldItem)[]} What is shown of them.
   */
  apply(items, self) {
    this.#behind.clear();
    const showsJoins = this.#settings.get("joins") === "shown";
    /** @type {(Item | FoldItem)[]} */
    const shown = [];
    /** @type {MessageItem[]} */
    let run = [];
    /** Of what the run is. @type {"acts" | "ignored" | ""} */
    let running = "";
    /** Joins and leaves since the run began: people come and go while moderators act. @type {Item[]} */
    let passing = [];
    const end = () => {
      if (running) shown.push(...this.#fold(running, run));
      for (const item of passing) shown.push(item);
      if (run.length) [run, passing, running] = [[], [], ""];
    };
    for (const item of items) {
      if (item.kind === "presence") {
        if (showsJoins) (running ? passing : shown).push(item);
        continue;
      }
      const what = this.#foldOf(item, self);
      if (what !== running) end();
      running = what;
      if (what && item.kind === "message") run.push(item);
      else shown.push(item);
    }
    end();
    return shown;
  }

  /** Show this message, even if it is folded. @param {string} key */
  open(key) {
    this.#opened.add(key);
  }

  /** Show what is behind a line, or fold it again. @param {string} key  The line's. */
  toggle(key) {
    const keys = this.#behind.get(key) ?? [];
    if (keys.some(each => this.#opened.has(each))) for (const each of keys) this.#opened.delete(each);
    else for (const each of keys) this.#opened.add(each);
    this.changed.emit();
  }

  /**
   * @param {Item} item
   * @param {string} self
   * @returns {"acts" | "ignored" | ""}
   */
  #foldOf(item, self) {
    if (item.kind !== "message") return "";
    if (item.notice) return item.notice.act === "announce" ? "" : "acts";
    return item.name !== self && this.#ignored.has(item.name) ? "ignored" : "";
  }

  /**
   * @param {"acts" | "ignored"} what
   * @param {MessageItem[]} run
   * @returns {(Item | FoldItem)[]}
   */
  #fold(what, run) {
    const hidden = what === "acts" ? run.slice(0, -1) : run;
    const [first] = hidden;
    if (!first || (what === "acts" && run.length < FOLDED_ACTS)) return run;
    const keys = hidden.map(item => item.key);
    const line = {
      kind: /** @type {const} */ ("fold"),
      key: `fold ${first.key}`,
      id: first.id,
      at: first.at,
      what,
      count: hidden.length,
      open: keys.some(key => this.#opened.has(key)),
      names: [...new Set(hidden.map(({ name, notice }) => notice?.by ?? name))],
    };
    this.#behind.set(line.key, keys);
    return [line, ...(line.open ? run : run.slice(hidden.length))];
  }
}
