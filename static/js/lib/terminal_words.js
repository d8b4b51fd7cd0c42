/**
 * The terminal client's texts that a view of the room needs, as cli_client/english.py and russian.py have them
 * (tests/terminal_vectors.json). Forms for numbers: one, few, many, or fewer where those are enough.
 */

/** @typedef {Record<string, string | string[]>} Table */

const UNITS = /** @type {const} */ ([
  ["minutes", 60],
  ["hours", 60],
  ["days", 24],
]);

/** @type {Record<"en" | "ru", Table>} */
export const WORDS = {
  en: {
    joined: "{name} has joined",
    left: "{name} has left",
    left_because_slow: "{name} has left: the connection was too slow",
    entered: "You have joined as {name}.",
    alone: "Nobody else is here yet.",
    here: ["{count} person here: {names}", "{count} people here: {names}"],
    here_in_crowd: [
      "{count} person here. Who: /who; to find somebody: /who name",
      "{count} people here. Who: /who; to find somebody: /who name",
    ],
    crowd: [
      "{count} person is here: who joins and leaves is no longer shown. To find somebody: /who name",
      "{count} people are here: who joins and leaves is no longer shown. To find somebody: /who name",
    ],
    no_crowd: [
      "{count} person is here: who joins and leaves is shown again.",
      "{count} people are here: who joins and leaves is shown again.",
    ],
    back: "Back online.",
    unread: "unread",
    new_log: "The room has started a new log: earlier message numbers are no longer valid.",
    missed: ["{count} message missed; /history shows it", "{count} messages missed; /history shows them"],
    stale: "Much has changed meanwhile: /history shows the messages as they are now.",
    history_end: "── now ──",
    quote: "↪ #{number} {name} “{excerpt}”",
    quote_deleted: "↪ #{number} {name}: message deleted",
    quote_lost: "↪ #{number}",
    edited: "edited",
    deleted: "message deleted",
    told_deleted: "✗ #{number} {name}: message deleted",
    no_reactions: "no reactions any more",
    names_and_more: "{names} and {count} more",
    notice_kick: "{by} removes {target} from the chat",
    notice_ban: "{by} bans {target} for good",
    notice_ban_for: "{by} bans {target} for {time}",
    notice_ban_address: "{by} bans an address for good",
    notice_ban_address_for: "{by} bans an address for {time}",
    notice_unban: "{by} unbans {target}",
    notice_unban_address: "{by} unbans an address",
    notice_mute: "{by} mutes {target}",
    notice_mute_for: "{by} mutes {target} for {time}",
    notice_unmute: "{by} unmutes {target}",
    notice_delete: "{by} deletes message #{number}",
    notice_announce: "Announcement ({by}): {text}",
    notice_topic: "{by} sets the topic: {text}",
    notice_topic_cleared: "{by} clears the topic",
    with_reason: "{text}. Reason: {reason}",
    seconds: "{count} s",
    minutes: "{count} min",
    hours: "{count} h",
    days: "{count} d",
    months: "January February March April May June July August September October November December",
    date: "{month} {day}, {year}",
    more_unsent: "  … and {count} more",
    bar_here: "{count} here",
    bar_moderator: "moderator",
    bar_typing: ["{names} is typing…", "{names} are typing…"],
    bar_many_typing: "several people are typing…",
    and: " and ",
    bar_unsent: "not sent yet: {count}",
    bar_connecting: "connecting to {address}…",
    live_code: "exit code {code}",
    live_lost: "ended without a word",
    topic: "Topic: {text} — {by}, {when}",
  },
  ru: {
    joined: "{name} теперь здесь",
    left: "{name} больше не в чате",
    left_because_slow: "{name} больше не в чате: слишком медленная связь",
    entered: "Вы вошли как {name}.",
    alone: "Пока здесь только вы.",
    here: [
      "Здесь {count} человек: {names}",
      "Здесь {count} человека: {names}",
      "Здесь {count} человек: {names}",
    ],
    here_in_crowd: [
      "Здесь {count} человек. Кто: /who; найти кого-то: /who имя",
      "Здесь {count} человека. Кто: /who; найти кого-то: /who имя",
      "Здесь {count} человек. Кто: /who; найти кого-то: /who имя",
    ],
    crowd: [
      "Здесь уже {count} человек: кто вошёл и кто вышел, больше не показывается. Найти кого-то: /who имя",
      "Здесь уже {count} человека: кто вошёл и кто вышел, больше не показывается. Найти кого-то: /who имя",
      "Здесь уже {count} человек: кто вошёл и кто вышел, больше не показывается. Найти кого-то: /who имя",
    ],
    no_crowd: [
      "Здесь {count} человек: снова видно, кто вошёл и кто вышел.",
      "Здесь {count} человека: снова видно, кто вошёл и кто вышел.",
      "Здесь {count} человек: снова видно, кто вошёл и кто вышел.",
    ],
    back: "Снова на связи.",
    unread: "непрочитанное",
    new_log: "Чат начал новую историю: прежние номера сообщений больше не действуют.",
    missed: [
      "Пропущено {count} сообщение; показать: /history",
      "Пропущено {count} сообщения; показать: /history",
      "Пропущено {count} сообщений; показать: /history",
    ],
    stale: "За это время многое изменилось: /history покажет сообщения, какими они стали.",
    history_end: "── сейчас ──",
    quote: "↪ #{number} {name} «{excerpt}»",
    quote_deleted: "↪ #{number} {name}: сообщение удалено",
    quote_lost: "↪ #{number}",
    edited: "изменено",
    deleted: "сообщение удалено",
    told_deleted: "✗ #{number} {name}: сообщение удалено",
    no_reactions: "реакций больше нет",
    names_and_more: "{names} и ещё {count}",
    notice_kick: "{by} удаляет из чата: {target}",
    notice_ban: "{by} закрывает вход навсегда: {target}",
    notice_ban_for: "{by} закрывает вход на {time}: {target}",
    notice_ban_address: "{by} закрывает вход по адресу навсегда",
    notice_ban_address_for: "{by} закрывает вход по адресу на {time}",
    notice_unban: "{by} снова открывает вход: {target}",
    notice_unban_address: "{by} снова открывает вход по адресу",
    notice_mute: "{by} запрещает писать: {target}",
    notice_mute_for: "{by} запрещает писать на {time}: {target}",
    notice_unmute: "{by} снова разрешает писать: {target}",
    notice_delete: "{by} удаляет сообщение #{number}",
    notice_announce: "Объявление ({by}): {text}",
    notice_topic: "{by} задаёт тему: {text}",
    notice_topic_cleared: "{by} убирает тему",
    with_reason: "{text}. Причина: {reason}",
    seconds: "{count} с",
    minutes: "{count} мин",
    hours: "{count} ч",
    days: "{count} д",
    months: "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    date: "{day} {month} {year}",
    more_unsent: "  … и ещё {count}",
    bar_here: "{count} в чате",
    bar_moderator: "модератор",
    bar_typing: ["{names} печатает…", "{names} печатают…"],
    bar_many_typing: "несколько человек печатают…",
    and: " и ",
    bar_unsent: "ещё не отправлено: {count}",
    bar_connecting: "соединяюсь с {address}…",
    live_code: "код {code}",
    live_lost: "оборвалось без вести",
    topic: "Тема: {text} — {by}, {when}",
  },
};

/** The texts in one language. */
export class TerminalWords {
  #table;
  #isRussian;

  /** @param {string} language */
  constructor(language) {
    this.#isRussian = language.startsWith("ru");
    this.#table = WORDS[this.#isRussian ? "ru" : "en"];
  }

  /** @param {string} key */
  has(key) {
    return Object.hasOwn(this.#table, key);
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   * @returns {string}
   */
  t(key, values = {}) {
    return fill(String(this.#table[key]), values);
  }

  /**
   * @param {string} key
   * @param {number} count
   * @param {Record<string, string | number>} [values]
   * @returns {string} The form for so many.
   */
  plural(key, count, values = {}) {
    const forms = [this.#table[key] ?? ""].flat();
    return fill(forms[Math.min(this.#form(count), forms.length - 1)] ?? "", { count, ...values });
  }

  /** @param {number} seconds @returns {string} A time in one unit, rounded up. */
  duration(seconds) {
    let unit = "seconds";
    let count = Math.max(1, Math.ceil(seconds));
    for (const [longer, length] of UNITS) {
      if (count < 2 * length && count !== length) break;
      unit = longer;
      count = Math.ceil(count / length);
    }
    return this.t(unit, { count });
  }

  /** @param {number} count */
  #form(count) {
    if (!this.#isRussian) return count === 1 ? 0 : 1;
    const [ten, hundred] = [count % 10, count % 100];
    if (ten === 1 && hundred !== 11) return 0;
    return ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? 1 : 2;
  }
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
