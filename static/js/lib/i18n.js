import { clean } from "./text.js";

/**
 * The page's texts by key; those with a count have one for each plural form.
 * @typedef {Record<string, string | Record<string, string>>} Dictionary
 */

const DAY = 86_400_000;

/** Units for durations, in seconds. */
const UNITS = /** @type {const} */ ([
  ["days", 86_400],
  ["hours", 3600],
  ["minutes", 60],
  ["seconds", 1],
]);

/**
 * @param {string} language  "ru" or "en".
 * @param {readonly string[]} preferred  Language tags, the most preferred first; some browsers have
 *   tags that `Intl` refuses, like `en-US@posix`.
 * @returns {string} The first tag of that language, whose region decides how dates and times look.
 */
export function chooseLocale(language, preferred) {
  return preferred.find(tag => languageOf(tag) === language) ?? language;
}

/** @param {string} tag @returns Its language, or "" if it is no valid tag. */
function languageOf(tag) {
  try {
    return new Intl.Locale(tag).language;
  } catch {
    return "";
  }
}

/** Texts, plurals, dates and durations in the reader's language. */
export class I18n {
  #dictionary;
  #plurals;
  #lists;
  #formats;

  /**
   * @param {string} locale  As from `chooseLocale`.
   * @param {Dictionary} dictionary
   */
  constructor(locale, dictionary) {
    this.locale = locale;
    this.#dictionary = dictionary;
    this.#plurals = new Intl.PluralRules(locale);
    this.#lists = new Intl.ListFormat(locale, { type: "conjunction" });
    this.#formats = makeFormats(locale);
  }

  /** Show times in the time zone of now. */
  followTimeZone() {
    this.#formats = makeFormats(this.locale);
  }

  /** @param {string} key */
  has(key) {
    return key in this.#dictionary;
  }

  /**
   * Translate a key.
   * @param {string} key
   * @param {Record<string, string | number>} values  For the `{placeholders}`; `count` chooses the plural.
   * @returns {string}
   */
  t(key, values = {}) {
    return this.parts(key, values)
      .map(({ text }) => text)
      .join("");
  }

  /**
   * @param {string} code  Error code of the room.
   * @param {Record<string, string | number>} [values]
   * @returns {string} What the error means, or its code where there is no text for it.
   */
  error(code, values) {
    const key = `error.${code}`;
    return this.has(key) ? this.t(key, values) : this.t("error.other", { code: clean(code) });
  }

  /**
   * Translate a key into parts, for callers that show values in elements of their own.
   * @param {string} key
   * @param {Record<string, string | number>} values
   * @returns {{text: string, name: string}[]}  `name` is the placeholder's, "" for the text around.
   */
  parts(key, values) {
    let text = this.#dictionary[key] ?? key;
    if (typeof text === "object") {
      const form = this.#plurals.select(Number(values.count));
      text = text[form] ?? text.other ?? key;
    }
    // Splitting at a captured name puts the names at odd places.
    return text.split(/\{(\w+)\}/).map((part, index) => {
      if (index % 2 === 0) return { text: part, name: "" };
      const value = values[part] ?? "";
      return { text: typeof value === "number" ? value.toLocaleString(this.locale) : value, name: part };
    });
  }

  /**
   * @param {number} seconds
   * @returns {string} «10 минут», in the case that «на» and «через» require; rounded up.
   */
  duration(seconds) {
    const whole = Math.max(1, Math.ceil(seconds));
    for (const [unit, size] of UNITS) {
      if (whole % size === 0 || whole >= 2 * size) {
        return this.t(`duration.${unit}`, { count: Math.ceil(whole / size) });
      }
    }
    return "";
  }

  /**
   * @param {string[]} words
   * @returns {{text: string, isWord: boolean}[]} «Анна, Борис и Вера», the words apart from what joins them.
   */
  list(words) {
    return this.#lists
      .formatToParts(words)
      .map(({ type, value }) => ({ text: value, isWord: type === "element" }));
  }

  /** @param {Date} date @returns {string} «14:05», or "" for an invalid date. A line does not end within it. */
  time(date) {
    return isValid(date) ? this.#formats.time.format(date).replaceAll(" ", "\u00a0") : "";
  }

  /** @param {Date} date @returns {string} «12 ноября 2026 г.» */
  date(date) {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "long" }).format(date);
  }

  /** @param {Date} date @returns {string} «12 ноября 2026 г., 14:05:09», or "" for an invalid date. */
  dateTime(date) {
    return isValid(date) ? this.#formats.dateTime.format(date) : "";
  }

  /**
   * @param {Date} date
   * @param {Date} now
   * @returns {string} «14:05», on another day «12 нояб., 14:05»; "" for an invalid date.
   */
  when(date, now = new Date()) {
    if (!isValid(date)) return "";
    if (startOfDay(date) === startOfDay(now)) return this.time(date);
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return new Intl.DateTimeFormat(this.locale, {
      day: "numeric",
      month: "short",
      year,
      ...this.#formats.clock,
    }).format(date);
  }

  /**
   * @param {Date} date
   * @param {Date} now
   * @returns {string} «Сегодня», «Вчера», «12 ноября», in another year with the year.
   */
  day(date, now = new Date()) {
    const ago = Math.round((startOfDay(now) - startOfDay(date)) / DAY);
    if (ago === 0) return this.t("day.today");
    if (ago === 1) return this.t("day.yesterday");
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return new Intl.DateTimeFormat(this.locale, {
      weekday: "long",
      day: "numeric",
      month: "long",
      year,
    }).format(date);
  }
}

/** @param {Date} date */
function isValid(date) {
  return !Number.isNaN(date.getTime());
}

/** @param {Date} date */
function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** @param {string} locale @returns Formats that keep the time zone in which they are made. */
function makeFormats(locale) {
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  // «09:05», but «9:05 AM».
  const clock = /** @type {const} */ ({ hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" });
  return {
    clock,
    time: new Intl.DateTimeFormat(locale, clock),
    dateTime: new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" }),
  };
}
