"""What the terminal client says, in Russian and in English.

A text with forms for numbers is a tuple: Russian one, few, many (1, 2, 5);
English one, many. Where only one and two occur, two forms are enough. `{…}` is filled in by the caller.
"""

import os
from collections.abc import Mapping
from typing import Final

JOINED: Final = "{name} присоединился к чату!"
LEFT: Final = "{name} покинул чат."

_Table = Mapping[str, str | tuple[str, ...]]

RUSSIAN: Final[_Table] = {
    "joined": JOINED,
    "left": LEFT,
    "left_because_slow": "{name} покинул чат: связь не поспевала.",
    "left_because_kicked": "{name} покинул чат: удалён.",
    "ask_name": "Ваше имя: ",
    "greeting": "Oneroom · {address} · /help — что здесь можно",
    "entered": "Вы вошли как {name}.",
    "alone": "Пока здесь только вы.",
    "here": (
        "Здесь {count} человек: {names}",
        "Здесь {count} человека: {names}",
        "Здесь {count} человек: {names}",
    ),
    "back": "Снова на связи.",
    "new_log": "Комната начала новую запись: прежние номера сообщений больше не действуют.",
    "missed": (
        "Здесь пропущено {count} сообщение: /history",
        "Здесь пропущено {count} сообщения: /history",
        "Здесь пропущено {count} сообщений: /history",
    ),
    "lost": "{reason}. Пробую снова; что напишете, отправлю, когда связь вернётся.",
    "unsent_text": "✗ не отправлено: {reason}",
    "unsent_hint": "(↑ — вернуть в строку ввода)",
    "too_long_here": "Слишком длинно: {length} знаков, можно не больше {limit}.",
    "history_title": "раньше",
    "history_end": "── дальше — сейчас ──",
    "history_empty": "Раньше ничего нет.",
    "show_title": "сообщение #{number}",
    "found": ("найдено {count} сообщение", "найдено {count} сообщения", "найдено {count} сообщений"),
    "found_more": "── есть и более ранние; дальше — сейчас ──",
    "nothing_found": "Ничего не найдено.",
    "words_wanted": "Что найти? Например: /search привет",
    "no_message": "Сообщения #{number} нет.",
    "not_online": "Сейчас нет связи с комнатой — попробуйте чуть позже.",
    "unknown_command": "Нет команды {typed}. Что есть: /help. Чтобы сказать это как есть, начните с //",
    "number_wanted": "Сколько сообщений показать? Например: /history 50",
    "message_number_wanted": "Номер какого сообщения? Например: /show 1043",
    "bar_connecting": "соединяюсь с {address}…",
    "bar_waiting": "снова через {seconds} с (Enter — сейчас) · {reason}",
    "bar_here": "{count} в комнате",
    "bar_unsent": "не отправлено: {count}",
    "bar_typing": ("{names} печатает…", "{names} печатают…"),
    "bar_many_typing": "несколько человек печатают…",
    "and": " и ",
    "more_pending": "  … и ещё {count}",
    "goodbye": "До встречи!",
    "ended_kicked": "Вас удалили из комнаты.",
    "ended_replaced": "Этот вход заменён другим: вы вошли с тем же сеансом в другом месте.",
    "left_unsent": (
        "Не отправлено {count} сообщение:",
        "Не отправлено {count} сообщения:",
        "Не отправлено {count} сообщений:",
    ),
    "pipe_unsent": "не отправлено: {count}",
    "pipe_name_needed": "имя нужно задать: --name ИМЯ или переменная ONEROOM_NAME",
    "pipe_name_refused": "имя не подошло: {reason}",
    "pipe_lost": "{reason}; пробую снова",
    "pipe_back": "снова на связи",
    "pipe_missed": (
        "пропущено {count} сообщение",
        "пропущено {count} сообщения",
        "пропущено {count} сообщений",
    ),
    "why_refused": "По адресу {address} никто не отвечает",
    "why_unknown_host": "Адрес {address} не найден",
    "why_timeout": "Адрес {address} молчит",
    "why_not_a_room": "По адресу {address} отвечает не чат",
    "why_lost": "Связь прервалась",
    "why_shutdown": "Комната закрылась",
    "why_slow": "Связь не поспевала за разговором",
    "why_silent": "Связь пропала",
    "why_late": "Комната не дождалась имени",
    "why_full": "В комнате нет мест",
    "error_name_empty": "имя не может быть пустым",
    "error_name_too_long": "имя слишком длинное",
    "error_name_invalid": "в имени есть недопустимые знаки",
    "error_name_taken": "это имя уже занято",
    "error_too_long": "слишком длинно",
    "error_blank": "в сообщении ничего не видно",
    "error_unavailable": "комната сейчас не может сохранять сообщения",
    "error_too_fast": "слишком часто — подождите немного",
    "error_full": "в комнате нет мест",
    "try_another_name": "Не получилось: {reason}. Попробуйте другое.",
    "trouble": "Комната не поняла: {reason}",
    "bad_address": "не похоже на адрес: {typed}",
    "bad_arguments": "не понимаю параметры: {detail}",
    "months": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "date": "{day} {month} {year}",
    "help": (
        "/who           кто здесь\n"
        "/history 50    показать, что было раньше\n"
        "/show 1043     показать сообщение #1043 и соседние\n"
        "/search слово  найти сообщения с этими словами\n"
        "/quit          выйти (или Ctrl-D)\n"
        "//слово        сказать «/слово»\n"
        "Enter отправляет, Alt+Enter начинает новую строку, ↑ возвращает написанное раньше."
    ),
    "usage": (
        "Использование: oneroom [АДРЕС[:ПОРТ]] [--name ИМЯ] [--lang ru|en]\n"
        "\n"
        "Комната в терминале. Без терминала — фильтр: строки из stdin говорит в комнату,\n"
        "сказанное другими пишет в stdout.\n"
        "\n"
        "  АДРЕС[:ПОРТ]   где комната (по умолчанию 127.0.0.1:8080)\n"
        "  --name ИМЯ     под каким именем войти (иначе ONEROOM_NAME, иначе спросит)\n"
        "  --lang ru|en   язык (по умолчанию — язык системы)\n"
        "  -h, --help     эта справка\n"
    ),
}

ENGLISH: Final[_Table] = {
    "joined": "{name} joined the chat!",
    "left": "{name} left the chat.",
    "left_because_slow": "{name} left the chat: the connection could not keep up.",
    "left_because_kicked": "{name} left the chat: removed.",
    "ask_name": "Your name: ",
    "greeting": "Oneroom · {address} · /help shows what you can do",
    "entered": "You are in as {name}.",
    "alone": "Nobody else is here yet.",
    "here": ("{count} person here: {names}", "{count} people here: {names}"),
    "back": "Back online.",
    "new_log": "The room has begun a new log: earlier message numbers no longer apply.",
    "missed": ("{count} message missing here: /history", "{count} messages missing here: /history"),
    "lost": "{reason}. Trying again; what you write is sent once the room is back.",
    "unsent_text": "✗ not sent: {reason}",
    "unsent_hint": "(↑ brings it back)",
    "too_long_here": "Too long: {length} characters, at most {limit} are allowed.",
    "history_title": "earlier",
    "history_end": "── and now ──",
    "history_empty": "There is nothing earlier.",
    "show_title": "message #{number}",
    "found": ("{count} message found", "{count} messages found"),
    "found_more": "── there are older ones too; and now ──",
    "nothing_found": "Nothing found.",
    "words_wanted": "What to look for? For example: /search hello",
    "no_message": "There is no message #{number}.",
    "not_online": "The room cannot be reached right now; try again in a moment.",
    "unknown_command": "There is no {typed}. /help lists the commands. To say it as it is, begin with //",
    "number_wanted": "How many messages? For example: /history 50",
    "message_number_wanted": "The number of which message? For example: /show 1043",
    "bar_connecting": "connecting to {address}…",
    "bar_waiting": "again in {seconds} s (Enter: now) · {reason}",
    "bar_here": "{count} here",
    "bar_unsent": "not sent: {count}",
    "bar_typing": ("{names} is typing…", "{names} are typing…"),
    "bar_many_typing": "several people are typing…",
    "and": " and ",
    "more_pending": "  … and {count} more",
    "goodbye": "See you!",
    "ended_kicked": "You have been removed from the room.",
    "ended_replaced": "You came in from elsewhere with the same session; this one has ended.",
    "left_unsent": ("{count} message was not sent:", "{count} messages were not sent:"),
    "pipe_unsent": "not sent: {count}",
    "pipe_name_needed": "a name is needed: --name NAME or the variable ONEROOM_NAME",
    "pipe_name_refused": "the name was refused: {reason}",
    "pipe_lost": "{reason}; trying again",
    "pipe_back": "back online",
    "pipe_missed": ("{count} message missing here", "{count} messages missing here"),
    "why_refused": "Nobody answers at {address}",
    "why_unknown_host": "The address {address} cannot be found",
    "why_timeout": "{address} stays silent",
    "why_not_a_room": "What answers at {address} is not a chat room",
    "why_lost": "The connection was lost",
    "why_shutdown": "The room has closed",
    "why_slow": "The connection could not keep up",
    "why_silent": "The connection went silent",
    "why_late": "The room gave up waiting for a name",
    "why_full": "The room is full",
    "error_name_empty": "a name cannot be empty",
    "error_name_too_long": "the name is too long",
    "error_name_invalid": "the name has characters that are not allowed",
    "error_name_taken": "this name is taken",
    "error_too_long": "too long",
    "error_blank": "there is nothing to see in it",
    "error_unavailable": "the room cannot store messages right now",
    "error_too_fast": "too fast, wait a little",
    "error_full": "the room is full",
    "try_another_name": "That did not work: {reason}. Try another one.",
    "trouble": "The room did not understand: {reason}",
    "bad_address": "not an address: {typed}",
    "bad_arguments": "cannot read the arguments: {detail}",
    "months": "January February March April May June July August September October November December",
    "date": "{month} {day}, {year}",
    "help": (
        "/who           who is here\n"
        "/history 50    show what was said earlier\n"
        "/show 1043     show message #1043 and those around it\n"
        "/search word   find messages with these words\n"
        "/quit          leave (or Ctrl-D)\n"
        "//word         say “/word”\n"
        "Enter sends, Alt+Enter begins a new line, ↑ brings back what you wrote before."
    ),
    "usage": (
        "Usage: oneroom [HOST[:PORT]] [--name NAME] [--lang ru|en]\n"
        "\n"
        "The room in a terminal. Without a terminal it is a filter: it says the lines of\n"
        "stdin and writes what others say to stdout.\n"
        "\n"
        "  HOST[:PORT]    where the room is (default 127.0.0.1:8080)\n"
        "  --name NAME    the name to enter with (else ONEROOM_NAME, else it asks)\n"
        "  --lang ru|en   language (default: the system's)\n"
        "  -h, --help     this help\n"
    ),
}


class Words:
    """One language. `lang` is `ru` or `en`."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._table = RUSSIAN if lang == "ru" else ENGLISH

    def __call__(self, key: str, **values: object) -> str:
        """Return the text for `key` with `values` filled in."""
        text = self._table[key]
        assert isinstance(text, str)
        return text.format(**values)

    def count(self, key: str, count: int, **values: object) -> str:
        """Return the form of `key` that goes with `count`."""
        forms = self._table[key]
        assert isinstance(forms, tuple)
        return forms[min(self._form(count), len(forms) - 1)].format(count=count, **values)

    def error(self, code: str, detail: str) -> str:
        """Explain an error of the room; `detail` is the room's own text, for codes unknown here."""
        known = self._table.get(f"error_{code}", detail or code)
        assert isinstance(known, str)
        return known

    def why(self, why: str, address: object) -> str:
        """Explain a loss of the connection."""
        return self(f"why_{why}" if f"why_{why}" in self._table else "why_lost", address=address)

    def _form(self, count: int) -> int:
        if self.lang != "ru":
            return 0 if count == 1 else 1
        if count % 10 == 1 and count % 100 != 11:
            return 0
        return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language of the user's locale: `ru`, or `en` for every other."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
