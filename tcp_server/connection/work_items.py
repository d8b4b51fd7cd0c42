"""Splits a client's requests into work items of bounded size."""

from collections.abc import Iterator, Sequence

from chat_protocol.commands import ChangeOutput, Show, Who
from chat_protocol.messages import Authenticate, Bans, HistoryRequest, Say, Search
from chat_protocol.text import clean, split
from tcp_server.room.commands import Request, TimingMarks

_MAX_ITEM_COMMANDS = 1024
"""Maximum number of requests in one work item."""

_MAX_ITEM_BYTES = 256 * 1024
"""Maximum estimated size of a work item of several requests, in bytes sent to each reader."""

_OVERHEAD_BYTES = 100
"""Estimated bytes around each message and before each of its lines: the name, and JSON."""

LARGE_ANSWER = (HistoryRequest, Search, Show, Who, Bans)
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
            split_requests += map(Say, split(clean(request.text), limit))
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
    text = "".join([request.text for request in requests if type(request) is Say])
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    escaped = _count(text, '"') + _count(text, "\\") + _count(text, "\t")  # JSON has two bytes for each
    return size + escaped + _OVERHEAD_BYTES * (len(requests) + _count(text, "\n"))


def _count(text: str, char: str) -> int:
    """Count as `str.count` does, which takes far longer to find nothing."""
    return text.count(char) if char in text else 0
