"""The languages that a client of the lines dialect can choose."""

from collections.abc import Iterator, Mapping
from typing import Final

from chat_protocol.commands import Language
from chat_protocol.contract import BANNED, FULL, PROMPT
from tcp_server.texts.english import ENGLISH
from tcp_server.texts.russian import RUSSIAN
from tcp_server.texts.texts import Texts

LANGUAGES: Final[Mapping[Language, Texts]] = {"ru": RUSSIAN, "en": ENGLISH}


def beginnings() -> Iterator[str]:
    """Yield the words before the first variable part of each line that the server writes."""
    for line in (PROMPT, FULL, BANNED):
        yield line.decode()
    for texts in LANGUAGES.values():
        yield from texts.beginnings()
