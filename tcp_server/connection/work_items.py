"""What one client wants, cut into what is done for it at a time."""

from collections.abc import Iterator, Sequence

from chat_protocol.messages import Authenticate, Bans, HistoryRequest, Say, Search
from chat_protocol.text import clean, split
from tcp_server.room.commands import Who, Wish

_MOST = 1024
"""Wishes in one portion."""

_HEAVY = 256 * 1024
"""Bytes that one portion may come to, if it can be cut; many of them together are still no backlog."""

_LINE = 100
"""Bytes that stand about each message and before each of its lines: the name, and more in JSON."""

LENGTHY = (HistoryRequest, Search, Who, Bans)
"""Wishes that a few bytes ask for and many bytes answer."""

_LENGTHY_SIZE = 256 * 1024
"""What a lengthy answer is taken to be, in bytes."""

_ALONE = frozenset({*LENGTHY, Authenticate})
"""Wishes that are submitted alone."""


def portions(wishes: Sequence[Wish]) -> Iterator[tuple[Sequence[Wish], int]]:
    """Cut wishes, in their order; with each portion comes about how many bytes everybody will be sent."""
    if _ALONE.isdisjoint(map(type, wishes)):  # nearly always
        for start in range(0, len(wishes), _MOST):
            yield from _light(wishes[start : start + _MOST])
        return
    start = 0
    for position, wish in enumerate(wishes):
        if type(wish) in _ALONE:
            yield from portions(wishes[start:position])
            yield wishes[position : position + 1], _LENGTHY_SIZE
            start = position + 1
    yield from portions(wishes[start:])


def as_said(wishes: Sequence[Wish], most: int) -> Sequence[Wish]:
    """Make of each text of more than `most` characters the several messages that it will be."""
    said: list[Wish] = []
    for wish in wishes:
        if isinstance(wish, Say) and len(wish.text) > most:
            said += map(Say, split(clean(wish.text), most))
        else:
            said.append(wish)
    return said


def _light(wishes: Sequence[Wish]) -> Iterator[tuple[Sequence[Wish], int]]:
    size = _weigh(wishes)
    if size <= _HEAVY or len(wishes) == 1:
        yield wishes, size
        return
    half = len(wishes) // 2
    yield from _light(wishes[:half])
    yield from _light(wishes[half:])


def _weigh(wishes: Sequence[Wish]) -> int:
    text = "".join([wish.text for wish in wishes if type(wish) is Say])
    lines = text.count("\n") + text.count("\r")
    width = 1 if text.isascii() else 2  # known without a look at each; to encode would take longer
    return width * len(text) + _LINE * (len(wishes) + lines)
