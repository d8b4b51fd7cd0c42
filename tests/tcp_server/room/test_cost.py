"""No command holds the room for longer than its bytes are worth, whatever is in it.

Measured is the work under the room lock (handling, commit, encoding for each dialect), in CPU time of
this thread; the measure is what ordinary messages cost in the same run.
"""

import json
from collections.abc import Iterator
from time import thread_time
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput, OnLast
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from tcp_server.dialects.output import JSON, LINES, PLAIN
from tcp_server.room.commands import Request, TextJoin, TimingMarks
from tcp_server.room.outcome import AudienceChange
from tests.tcp_server.room_harness import RoomHarness, moderated_room, say_many

NOT_FOR_THE_ROOM = {ChangeOutput, TimingMarks}
COMMANDS = [kind for kind in get_args(Request) if kind not in {*NOT_FOR_THE_ROOM, BadMessage}]
"""What a client can ask of the room. A `BadMessage` is what JSON with a text that is too long becomes."""

TEXTS = {
    "letters": "я",
    "signs": "漢",
    "emoji": "👩\u200d🚀",
    "accents": "a\u0301\u0316",
    "a letter that grows": "\ufdfa",
    "lines": "a\n",
    "returns": "a\r",
    "sequences": "\x1b[31m",
    "strings without an end": "\x1b]0;",
    "C1": "\x90",
    "directions": "\u202e",
    "invisible": "\u200b\u2060",
    "quotes": '"\\',
    "addresses": "1.2.3.4/",
    "networks": "1::/",
    "look-alikes": "οоo",
    "spaces": " \u3164",
    "numbers": "1",
    "unassigned": "\u200b\U00040000",
    "all letters": "".join(filter(str.isalpha, map(chr, range(0x0100, 0xD800)))),
    "nothing to show": "".join(char for char in map(chr, range(0x0100, 0xD800)) if not char.isprintable()),
}
"""Texts that are expensive for careless code; each is repeated."""

SIZES = (30, 250, 1000, 4000, 8000, MAX_LINE)
"""Lengths of the texts, in characters: as long as each kind of field may be, and too long."""

ORDINARY = "как дела?"

FIXED = 60
"""An allowance for each command, in short messages."""

BY_BYTE = 25
"""An allowance for each byte received or answered, in bytes of a long message."""


ATTEMPTS = 5
"""Measurements of a request that took too long, as a shared machine may be slow for a moment."""


def requests(kind: Any) -> Iterator[tuple[str, Request, int]]:
    """Yield a command with each of the texts in each of its fields, and the size of its line in bytes."""
    if kind is OnLast:
        for act in (m.Say, m.Edit, m.React):
            for what, request, size in requests(act):
                if isinstance(request, act):
                    yield what, OnLast(request), size
        return
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in {"ref", "since"}}
    fields = [name for name, hint in hints.items() if hint is str or hint == str | None]
    numbers = {name: 1 for name, hint in hints.items() if hint is int or hint == int | None}
    ((choice, choices), *_) = [
        *((name, get_args(hint)) for name, hint in hints.items() if get_origin(hint) is Literal),
        ("", ("",)),
    ]
    for chosen in choices:
        fixed = numbers | dict.fromkeys(fields, "Боб") | ({choice: chosen} if choice else {})
        yield from _request(kind, f"{chosen}", fixed)
        for field in fields:
            for name, part in TEXTS.items():
                for size in SIZES:
                    what = f"{chosen} {field}: {size} of {name}"
                    yield from _request(kind, what, {**fixed, field: _repeat(part, size)})


def _repeat(part: str, size: int) -> str:
    """Return that many characters, or as many as there can be in a line."""
    text = (part * (size // len(part) + 1))[:size]
    written = len(json.dumps(text, ensure_ascii=False).encode())
    return text[: size * (MAX_LINE - 500) // max(written, MAX_LINE - 500)]


def _request(kind: Any, what: str, values: dict[str, Any]) -> Iterator[tuple[str, Request, int]]:
    """Yield what the server makes of a command, unless its line is too long."""
    if kind in get_args(m.Command):
        values = {"type": kind.__struct_config__.tag, "ref": "r", **values}
    line = json.dumps(values, ensure_ascii=False).encode()
    if len(line) <= MAX_LINE:
        yield what, codec.decode_commands(line)[0] if "type" in values else kind(**values), len(line)


class Room:
    """A room in which one request after another is measured; it is a new one once it has changed."""

    def __init__(self) -> None:
        self._harness: RoomHarness | None = None

    def cost(self, request: Request, connection: str) -> tuple[float, int]:
        """Return the seconds that a request takes under the room lock, and the bytes of its answer."""
        if self._harness is None:
            self._harness = moderated_room()
            say_many(self._harness, "b", 100)
        room, answered = self._harness.room, 0
        began = thread_time()
        if isinstance(request, m.Join | TextJoin):
            outcomes = room.join("new", request)
        else:
            outcomes = room.handle(connection, [request])
        for outcome in room.commit(outcomes):
            for output in (JSON, LINES, PLAIN):
                output.encode(outcome.shared)
                if output is not JSON or isinstance(request, get_args(m.Command)):
                    answered += len(output.encode(outcome.answer))
        taken = thread_time() - began
        if any(outcome.shared or outcome.audience_change is not AudienceChange.NONE for outcome in outcomes):
            self._harness = None
        return taken, answered


def measure() -> tuple[float, float]:
    """Return the seconds for a short message, and for each byte of a long one."""
    room = Room()
    short, long = (
        min(room.cost(m.Say(text, "r"), "a")[0] for _ in range(30)) for text in (ORDINARY, 400 * ORDINARY)
    )
    return short, long / len((400 * ORDINARY).encode())


@pytest.mark.parametrize("kind", COMMANDS)
def test_no_command_costs_more_than_its_bytes_are_worth(kind: Any) -> None:
    short, byte = measure()
    room = Room()
    for what, request, size in requests(kind):
        for connection in ("a", "c"):  # a moderator with JSON, and a member with lines
            for _ in range(ATTEMPTS):
                taken, answered = room.cost(request, connection)
                allowed = FIXED * short + BY_BYTE * byte * (size + answered)
                if taken <= allowed:
                    break
                short, byte = measure()  # both at one time: others may be at work on the machine
            else:
                pytest.fail(f"{what}: {1e6 * taken:.0f} of {1e6 * allowed:.0f} µs for {size} bytes")
