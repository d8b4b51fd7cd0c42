/** Asks for the coloured form of a character (UTS 51, ED-9a). Keyboards often leave it out. */
const PRESENTATION = /\ufe0f/g;

/**
 * The emoji that a reaction can be, and their short names: chat_protocol/emoji.txt, which is loaded when it is first
 * needed. Until then none is found.
 */
export class Emojis {
  #fetch;
  /** @type {Promise<string> | undefined} */
  #loading;
  /** Each emoji by itself without PRESENTATION. @type {Map<string, string>} */
  #byForm = new Map();
  /** @type {Map<string, string>} */
  #byName = new Map();

  /** @param {() => Promise<string>} fetch  Gets the text of the list. */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /**
   * Load the list, unless it is there. What failed is tried again by the next call.
   * @returns {Promise<string>} Its text; rejected if it does not come.
   */
  load() {
    this.#loading ??= this.#fetch().then(
      list => {
        this.#read(list);
        return list;
      },
      error => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  /**
   * @param {string} text  An emoji in any form, or its name between colons.
   * @returns {string | undefined} It in its fully qualified form (UTS 51, ED-18).
   */
  find(text) {
    const [, name] = /^:(.+):$/su.exec(text) ?? [];
    return name ? this.#byName.get(name.toLowerCase()) : this.#byForm.get(text.replace(PRESENTATION, ""));
  }

  /** @param {string} list  A line has an emoji and its names. */
  #read(list) {
    for (const line of list.split("\n")) {
      if (line === "" || line.startsWith("# ")) continue;
      const [emoji = "", ...names] = line.split(" ");
      this.#byForm.set(emoji.replace(PRESENTATION, ""), emoji);
      for (const name of names) this.#byName.set(name, emoji);
    }
  }
}
