"""Which texts are formatted how: the same as on the page."""

import json
import random
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from cli_client.markdown import parse_markdown
from cli_client.plain_text import quoted_text
from cli_client.text_parts import Block, Code, Link, List, Part, Span
from tests.support.processes import ROOT

VECTORS = json.loads((ROOT / "tests" / "markdown_vectors.json").read_text(encoding="utf-8"))

REPEATED = (
    *("*", "**a", "*a ", "a* ", "*a **b ", "***a*** ", "~~a", "`", "`a", "``a` ", "[", "[a](", "](`"),
    *("> ", "> a\n", "> > a\n", "- ", "- a\n", "  - a\n", "1. a\n", "```\n", "~~~a\n", "a\n\n", "> - a\n"),
    *("\\*", "http://*", "*(", "**a\n> b\n", "[*a*](https://a.b)*", "- `a\n"),
)


def describe(part: Part) -> Any:
    """Write a part as the vectors have it."""
    match part:
        case str():
            return part
        case List(items):
            return ["list", *([marker, *map(describe, parts)] for marker, parts in items)]
        case Code(text):
            return ["code", text]
        case Block(language, text):
            return ["block", language, text]
        case Link(target, parts):
            return ["link", target, *map(describe, parts)]
        case Span(kind, parts):
            return [kind, *map(describe, parts)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['about']}: {vector['text'][:40]!r}")
def test_the_parts_of_a_text(vector: dict[str, Any]) -> None:
    assert [describe(part) for part in parse_markdown(vector["text"])] == vector["parts"]


QUOTES = json.loads((ROOT / "tests" / "quote_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", QUOTES, ids=lambda vector: vector["excerpt"])
def test_what_stands_above_an_answer(vector: dict[str, str]) -> None:
    assert quoted_text(vector["excerpt"]) == vector["shown"]


PIECES = (
    *(
        "*",
        "**",
        "~~",
        "`",
        "```",
        "> ",
        ">",
        "- ",
        "1. ",
        "2) ",
        "\n",
        "\n\n",
        " ",
        "    ",
        "\t",
        "a",
        "b1",
        "я",
        "日",
        "👍",
    ),
    *(
        "\u0301",
        "[",
        "](https://a.b/c)",
        "](",
        "]",
        "(https://x.y/z",
        "\\",
        "_",
        "#12",
        "!",
        "```py\n",
        "~~~\n",
        "\u00a0",
        ".",
    ),
)


def spoken(parts: list[Part]) -> Iterator[str]:
    """Yield what parts consist of, in the order in which it was typed."""
    for part in parts:
        match part:
            case str(text) | Code(text):
                yield text
            case Block(language, text):
                yield language + text
            case List(items):
                for item in items:
                    yield item.marker
                    yield from spoken(item.parts)
            case Link(target, inner):
                yield from spoken(inner)
                yield target
            case Span(_, inner):
                yield from spoken(inner)


def depth(part: Part) -> int:
    match part:
        case Span(_, parts) | Link(_, parts):
            return 1 + max(map(depth, parts), default=0)
        case List(items):
            return 1 + max((depth(inner) for item in items for inner in item.parts), default=0)
    return 0


@pytest.mark.parametrize("seed", range(4))
def test_no_word_is_lost_and_nothing_is_too_deep(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        text = "".join(chance.choices(PIECES, k=chance.choice((4, 12, 60))))
        parts = parse_markdown(text)
        kept = "".join(spoken(parts))
        assert [char for char in kept if char.isalnum()] == [char for char in text if char.isalnum()], text
        assert max(map(depth, parts), default=0) <= 8, text


def lines_run(text: str) -> int:
    """Count the lines of Python that it takes to parse a text."""
    count = 0

    def trace(_frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parse_markdown(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("part", REPEATED, ids=repr)
def test_a_text_of_twice_the_length_takes_twice_the_work(part: str) -> None:
    short, long = (lines_run((part * length)[:length]) for length in (400, 800))
    assert long <= 2.3 * short + 200
