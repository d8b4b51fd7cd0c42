import { clean } from "./text.js";

/**
 * The page's words in the reader's language, with its plurals, dates and times.
 *
 * @typedef {Record<string, string | Record<string, string>>} Dictionary
 */

const LANGUAGES = ["ru", "en"];

const DAY = 86_400_000;

/** Units in which spans of time are told, with their seconds. */
const SPANS = /** @type {const} */ ([
  ["days", 86_400],
  ["hours", 3600],
  ["minutes", 60],
  ["seconds", 1],
]);

/**
 * @param {readonly string[]} wanted  Language tags, the most wanted first.
 * @returns {string} The first of them whose language is one of ours, else English.
 */
export function chooseLocale(wanted) {
  return wanted.find(tag => LANGUAGES.includes(languageOf(tag))) ?? "en";
}

/** @param {string} locale */
function languageOf(locale) {
  return locale.split("-")[0]?.toLowerCase() ?? "";
}

export class Words {
  #dictionary;
  #plurals;
  #lists;
  #times;
  #moments;

  /**
   * @param {string} locale  Language tag; its region decides how dates and times look.
   * @param {Dictionary} dictionary
   */
  constructor(locale, dictionary) {
    this.locale = locale;
    this.#dictionary = dictionary;
    this.#plurals = new Intl.PluralRules(locale);
    this.#lists = new Intl.ListFormat(locale, { type: "conjunction" });
    this.#times = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
    this.#moments = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" });
  }

  /**
   * @param {string} locale  As from `chooseLocale`.
   * @returns {Promise<Words>}
   */
  static async load(locale) {
    const response = await fetch(new URL(`../../i18n/${languageOf(locale)}.json`, import.meta.url));
    return new Words(locale, await response.json());
  }

  /** @param {string} key */
  has(key) {
    return key in this.#dictionary;
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} values  For the `{placeholders}`; `count` chooses the plural.
   * @returns {string}
   */
  say(key, values = {}) {
    return this.pieces(key, values)
      .map(({ text }) => text)
      .join("");
  }

  /**
   * @param {string} code  As from the room.
   * @param {Record<string, string | number>} [values]
   * @returns {string} What this error means; of one that has no words, its code.
   */
  error(code, values) {
    const key = `error.${code}`;
    return this.has(key) ? this.say(key, values) : this.say("error.other", { code: clean(code) });
  }

  /**
   * What `say` says, in pieces, for whoever shows some of the values in elements of their own.
   *
   * @param {string} key
   * @param {Record<string, string | number>} values
   * @returns {{text: string, name: string}[]}  `name` is that of the placeholder, "" for the words around.
   */
  pieces(key, values) {
    let words = this.#dictionary[key] ?? key;
    if (typeof words === "object") {
      const form = this.#plurals.select(Number(values.count));
      words = words[form] ?? words.other ?? key;
    }
    // Between the captured names stand the words.
    return words.split(/\{(\w+)\}/).map((part, index) => {
      if (index % 2 === 0) return { text: part, name: "" };
      const value = values[part] ?? "";
      return { text: typeof value === "number" ? value.toLocaleString(this.locale) : value, name: part };
    });
  }

  /**
   * @param {number} seconds
   * @returns {string} «10 минут», as it stands behind «на» and «через»; never shorter than it is.
   */
  span(seconds) {
    const whole = Math.max(1, Math.ceil(seconds));
    for (const [unit, size] of SPANS) {
      if (whole % size === 0 || whole >= 2 * size) {
        return this.say(`span.${unit}`, { count: Math.ceil(whole / size) });
      }
    }
    return "";
  }

  /** @param {string[]} parts */
  list(parts) {
    return this.#lists.format(parts);
  }

  /** @param {Date} date @returns {string} «14:05», or "" if it is none. */
  time(date) {
    return isMoment(date) ? this.#times.format(date) : "";
  }

  /** @param {Date} date @returns {string} «12 ноября 2026 г., 14:05:09», or "" if it is none. */
  moment(date) {
    return isMoment(date) ? this.#moments.format(date) : "";
  }

  /**
   * @param {Date} date
   * @param {Date} now
   * @returns {string} «14:05», with the date where it is another day: «12 нояб., 14:05»; "" if it is none.
   */
  when(date, now = new Date()) {
    if (!isMoment(date)) return "";
    if (startOfDay(date) === startOfDay(now)) return this.time(date);
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return new Intl.DateTimeFormat(this.locale, {
      day: "numeric",
      month: "short",
      year,
      hour: "2-digit",
      minute: "2-digit",
    }).format(date);
  }

  /**
   * @param {Date} date
   * @param {Date} now
   * @returns {string} «Сегодня», «Вчера», «12 ноября», with the year where it is another.
   */
  day(date, now = new Date()) {
    const ago = Math.round((startOfDay(now) - startOfDay(date)) / DAY);
    if (ago === 0) return this.say("day.today");
    if (ago === 1) return this.say("day.yesterday");
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return new Intl.DateTimeFormat(this.locale, {
      weekday: "long",
      day: "numeric",
      month: "long",
      year,
    }).format(date);
  }

  /**
   * Fill in the words of all elements that name theirs: `data-words` for their text,
   * `data-words-<attribute>` for an attribute.
   *
   * @param {ParentNode} root
   */
  fill(root) {
    for (const element of root.querySelectorAll("[data-words]")) {
      element.textContent = this.say(element.getAttribute("data-words") ?? "");
    }
    for (const attribute of ["aria-label", "title", "placeholder"]) {
      for (const element of root.querySelectorAll(`[data-words-${attribute}]`)) {
        element.setAttribute(attribute, this.say(element.getAttribute(`data-words-${attribute}`) ?? ""));
      }
    }
  }
}

/** @param {Date} date */
function isMoment(date) {
  return !Number.isNaN(date.getTime());
}

/** @param {Date} date */
function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
