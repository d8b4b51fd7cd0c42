"""Which texts are formatted how: the same as on the page."""

import json
import sys
from types import FrameType
from typing import Any

import pytest

from cli_client.markdown import parse_markdown
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
