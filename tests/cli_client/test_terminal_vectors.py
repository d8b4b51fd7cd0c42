"""What a room looks like in a terminal: the same as on the page, where it is shown "as in the terminal"."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import groupby
from typing import Any

import msgspec
import pytest

from chat_client.events import ClientEvent, Entered, MessageChanged, NewMessage
from chat_protocol.address import Address
from chat_protocol.messages import Joined, Left, Message
from cli_client.english import ENGLISH
from cli_client.hyperlinks import without_link
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.russian import RUSSIAN
from cli_client.translations import Translations
from tests.support.processes import ROOT

CORPUS = json.loads((ROOT / "tests" / "terminal_vectors.json").read_text(encoding="utf-8"))


def message_of(fields: dict[str, Any]) -> Message:
    return msgspec.convert(fields, Message)


def events_of(vector: dict[str, Any]) -> Iterator[ClientEvent]:
    """Yield the events of a vector as the engine reports them."""
    known: dict[int, Message] = {}
    for event in vector["events"]:
        fields: Any = event
        match event:
            case {"type": "entered"}:
                messages = [message_of(each) for each in fields.get("messages", ())]
                known |= {each.id: each for each in messages}
                yield Entered(
                    fields["name"],
                    fields.get("rejoined", False),
                    fields.get("newLog", False),
                    messages,
                    fields.get("missed", 0),
                    fields["members"],
                    fields.get("read"),
                    fields.get("count", 0),
                )
            case {"type": "message", "message": said}:
                message = known[said["id"]] = message_of(said)
                yield NewMessage(message, own=message.mine)
            case {"type": "changed", "message": said, "act": act, "at": at, "own": own}:
                now = message_of(said)
                yield MessageChanged(now, known.get(now.id), act, "", at, own)
                known[now.id] = now
            case {"type": "joined", "name": name, "at": at}:
                yield Joined(name, at)
            case {"type": "left", "name": name, "at": at}:
                yield Left(name, at, fields.get("reason"))


def lines_of(fragments: Fragments) -> list[list[list[str]]]:
    """Return lines of runs, as the vectors have them: neighbours of one style are one run."""
    lines: list[list[tuple[str, str]]] = [[]]
    for style, text in fragments:
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append([])
            lines[-1].append((" ".join(without_link(style)[0].split()), piece))
    return [list(_joined(line)) for line in lines[:-1]]


def _joined(line: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    runs = ((style, text) for style, text in line if text)
    for style, group in groupby(runs, lambda run: run[0]):
        yield [style, "".join(text for _, text in group)]


def render(vector: dict[str, Any]) -> list[list[list[str]]]:
    texts = Translations(vector["lang"])
    output = Renderer(texts, Address("127.0.0.1", 8080), lambda: vector["columns"], UTC)
    shown = [piece for event in events_of(vector) for piece in output.render(event)]
    return lines_of([*shown, *output.end_waiting()])


@pytest.mark.parametrize("vector", CORPUS["vectors"], ids=lambda vector: vector["about"])
def test_a_vector(vector: dict[str, Any]) -> None:
    assert render(vector) == vector["lines"]


def test_the_page_has_the_same_words() -> None:
    for language, table in (("en", ENGLISH), ("ru", RUSSIAN)):
        words = {key: list(text) if isinstance(text, tuple) else text for key, text in table.items()}
        assert CORPUS["words"][language].items() <= words.items()
