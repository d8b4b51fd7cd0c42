"""Splits a client's requests into work items of bounded size."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from chat_protocol.commands import ChangeOutput, OnLast, Show, Who
from chat_protocol.messages import Authenticate, Bans, BodyRequest, Edit, HistoryRequest, React, Say, Search
from chat_protocol.text import clean, split
from tcp_server.room.commands import Request, TimingMarks

_MAX_ITEM_COMMANDS = 1024
"""Maximum number of requests in one work item."""

_MAX_ITEM_BYTES = 256 * 1024
"""Maximum estimated size of a work item of several requests, in bytes sent to each reader."""

_OVERHEAD_BYTES = 100
"""Estimated bytes around each message and before each of its lines: the name, and JSON."""

_QUOTE_BYTES = 500
"""Estimated bytes of what a reply quotes, or of the reactions that an edited message has."""

_CHANGED_BYTES = 4096
"""Estimated bytes of a message that is sent anew: nobody has said how long it is. As this is long work, chat
does not wait for many reactions (`bandwidth`)."""

LARGE_ANSWER = (HistoryRequest, Search, Show, Who, Bans, BodyRequest)
"""Requests of a few bytes whose answers have many."""

_LARGE_ANSWER_BYTES = 256 * 1024
"""Estimated size of a large answer, in bytes."""

ALONE = frozenset({*LARGE_ANSWER, Authenticate, ChangeOutput, TimingMarks})
"""Requests that are work items of their own; only their sender gets an answer."""


def work_items(requests: Sequence[Request]) -> Iterator[tuple[Sequence[Request], int]]:
    """Yield the requests in their order as work items, each with its estimated size in bytes."""
    if ALONE.isdisjoint(map(type, requests)):  # nearly always
        for start in range(0, len(requests), _MAX_ITEM_COMMANDS):
            yield from _halve_until_small(requests[start : start + _MAX_ITEM_COMMANDS])
        return
    start = 0
    for position, request in enumerate(requests):
        if type(request) in ALONE:
            yield from work_items(requests[start:position])
            yield requests[position : position + 1], _LARGE_ANSWER_BYTES
            start = position + 1
    yield from work_items(requests[start:])


def split_long_texts(requests: Sequence[Request], limit: int) -> Sequence[Request]:
    """Replace each say of more than `limit` code points by several."""
    split_requests: list[Request] = []
    for request in requests:
        if isinstance(request, Say) and len(request.text) > limit:
            split_requests += [replace(request, text=piece) for piece in split(clean(request.text), limit)]
        else:
            split_requests.append(request)
    return split_requests


def _halve_until_small(requests: Sequence[Request]) -> Iterator[tuple[Sequence[Request], int]]:
    size = _estimated_bytes(requests)
    if size <= _MAX_ITEM_BYTES or len(requests) == 1:
        yield requests, size
        return
    half = len(requests) // 2
    yield from _halve_until_small(requests[:half])
    yield from _halve_until_small(requests[half:])


def _estimated_bytes(requests: Sequence[Request]) -> int:
    texts = [request.text for request in requests if type(request) is Say and request.reply is None]
    around = 0 if len(texts) == len(requests) else _estimate_acts(requests, texts)
    text = "".join(texts)
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    escaped = _count(text, '"') + _count(text, "\\") + _count(text, "\t")  # JSON has two bytes for each
    return around + size + escaped + _OVERHEAD_BYTES * (len(requests) + _count(text, "\n"))


def _estimate_acts(requests: Sequence[Request], texts: list[str]) -> int:
    """Add the texts of replies and edits; return the size of all else that acts have each reader sent."""
    size = 0
    for request in requests:
        match request:
            case Say(text, reply=int()) | Edit(text=text) | OnLast(Say(text) | Edit(text=text)):
                texts.append(text)
                size += _QUOTE_BYTES
            case React() | OnLast():
                size += _CHANGED_BYTES
    return size


def _count(text: str, char: str) -> int:
    """Count as `str.count` does, which takes far longer to find nothing."""
    return text.count(char) if char in text else 0
