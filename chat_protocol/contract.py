"""The fixed points of the wire: what every program may rely on without asking."""

from typing import Final

DEFAULT_PORT: Final = 8080
"""The TCP port of the room."""

PROMPT: Final = "Введите ваше имя: ".encode()
"""What the server says first, on every connection: UTF-8, without a newline."""

FULL: Final = "Сейчас слишком много подключений, попробуйте позже.\n".encode()
"""What the server says instead, and then closes, while it can take nobody more."""

BANNED: Final = "Вход закрыт.\n".encode()
"""What the server says instead, and then closes, to an address that is kept out."""

PASSWORD_PROMPT: Final = "Введите пароль: ".encode()
"""What plain and lines are asked behind a name, where the room has a password."""

SYSTEM_NAME: Final = "Сервер"
"""Whose name stands before what the room itself says; nobody can have it."""

HAS_JOINED: Final = " присоединился к чату!"
SAYS: Final = ": "
HAS_LEFT: Final = " покинул чат."
"""What follows a name in the three events of the original protocol, byte for byte; `SAYS` before a text."""

MAX_LINE: Final = 64 * 1024
"""Longest line a client may send, in bytes, its LF not counted."""

MAX_REPLY_LINE: Final = 4 * 1024 * 1024
"""Longest line a client must be ready to receive, in bytes: a full `welcome`."""

MAX_PASSWORD: Final = 256
"""Longest password, in code points."""

MAX_QUERY: Final = 256
"""Longest search, in code points."""

LONGEST_SENTENCE: Final = 10 * 366 * 24 * 3600
"""Seconds of the longest ban or mute that has an end."""

PING_INTERVAL: Final = 25.0
"""Seconds of silence after which a JSON client sends `ping`."""

SILENCE_LIMIT: Final = 60.0
"""Seconds of silence after which either end holds the other for gone."""
