"""Cleaning the output of a command, and its colours."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.sgr import clean_output, spans, without_colours
from chat_protocol.text import without_controls

VECTORS = json.loads((Path(__file__).parent.parent / "sgr_vectors.json").read_text())

WILD = st.text(st.sampled_from("\x1b\x9b[]0123456789;:mKHP?\\\x07\r\n\tя a\u202e")) | st.text(
    st.characters(exclude_categories=())
)
SEQUENCES = st.lists(
    st.builds("\x1b[{}{}".format, st.text(st.sampled_from("0123458;:"), max_size=80), st.sampled_from("mmmK"))
    | st.sampled_from(["a", "\n", "\x1b"])
).map("".join)
WHITELIST = re.compile(
    r"(?:\d|2[1-9]|3[0-79]|4[0-79]|9\d|10[0-7]|[34]8;5;\d{1,3}|[34]8;2;\d{1,3};\d{1,3};\d{1,3})"
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    cleaned = clean_output(vector["input"])
    assert cleaned == vector["cleaned"]
    shown = [
        [[text, msgspec.to_builtins(style)] for text, style in spans(line)] for line in cleaned.splitlines()
    ]
    assert json.loads(json.dumps(shown)) == vector["spans"]


@given(WILD | SEQUENCES)
def test_only_colours_of_the_whitelist_are_left(text: str) -> None:
    cleaned = clean_output(text)
    for sequence in re.findall(r"\x1b\[([^m]*)m", cleaned):
        assert re.fullmatch(rf"{WHITELIST.pattern}(?:;{WHITELIST.pattern})*", sequence)
    rest = without_colours(cleaned)
    assert rest == without_controls(rest)  # no other control sequence
    assert clean_output(cleaned) == cleaned


@given(WILD | SEQUENCES)
def test_parts_of_a_line_are_its_text(text: str) -> None:
    line = clean_output(text).replace("\n", "")
    parts = spans(line)
    assert "".join(part for part, _ in parts) == without_colours(line)
    assert all(one[1] != other[1] for one, other in pairwise(parts))
