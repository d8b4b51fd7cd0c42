"""Constants of the protocol, the same for every program and every server."""

from typing import Final

DEFAULT_PORT: Final = 8080
"""The TCP port of the room."""

PROMPT: Final = "Введите ваше имя: ".encode()
"""Sent by the server as soon as a connection opens, in UTF-8 without a newline."""

FULL: Final = "Сейчас слишком много подключений, попробуйте позже.\n".encode()
"""Sent instead of the prompt by a server that is full; it then closes the connection."""

BANNED: Final = "Вход закрыт.\n".encode()
"""Sent instead of the prompt to a banned address; the server then closes the connection."""

PASSWORD_PROMPT: Final = "Введите пароль: ".encode()
"""Sent in plain and lines after the name, where the room has a password. No newline."""

SYSTEM_NAME: Final = "Сервер"
"""The sender of the room's own messages; no member can have this name."""

HAS_JOINED: Final = " присоединился к чату!"
SAYS: Final = ": "
HAS_LEFT: Final = " покинул чат."
"""What follows a name in the three events of the original protocol, byte for byte; `SAYS` before a text."""

EVERYBODY: Final = "all"
"""Stands for all members among the names that a message calls; nobody can have it."""

RESERVED_NAME: Final = r"[\w .-]+"
"""Pattern of the names that a server can keep for a program: they stand in settings and in names of files."""

MAX_LINE: Final = 64 * 1024
"""Longest line a client may send, in bytes without its LF."""

MAX_REPLY_LINE: Final = 4 * 1024 * 1024
"""Longest line a client must be ready to receive, in bytes: a full `welcome`."""

MAX_PASSWORD: Final = 256
"""Longest password, in code points."""

MAX_TITLE: Final = 64
MAX_WELCOME: Final = 280
"""Longest title of the room, and longest welcome, in code points."""

MAX_TOPIC: Final = 300
"""Longest topic, in code points."""

MAX_WHY: Final = 60
"""Longest reason for being away, in code points."""

MAX_EMOJI: Final = 64
"""Longest emoji of a reaction, or its short name, in code points."""

MAX_QUERY: Final = 256
"""Longest search, in code points."""

MAX_TARGET: Final = 1024
"""Longest target of a moderator's action, in code points."""

MAX_PART_OF_NAME: Final = 256
"""Longest beginning of a name that members are looked for by, in code points."""

MAX_SANCTION_SECONDS: Final = 10 * 366 * 24 * 3600
"""Longest ban or mute that has an end, in seconds."""

RESTART: Final = "restart"
"""The `bye` reason of a server or a gateway that ends its connections one after the other, to restart."""

RETURN_WITHIN: Final = 1.0
"""Seconds over which those come back that are told `RESTART` at the same moment."""

PING_INTERVAL: Final = 25.0
"""Seconds without sent commands after which a JSON client sends `ping`."""

ANSWER_TIMEOUT: Final = 60.0
"""Seconds without received bytes after which a client considers its server gone."""

IDLE_TIMEOUT: Final = 150.0
"""Seconds without received bytes after which a server considers a JSON client gone.

Browsers run the timers of a hidden page once a minute, so it may miss one `ping`.
"""
