"""How entries are read, and cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Message
from tcp_server.dialects.output import JSON
from tcp_server.room import proposals as p
from tcp_server.room.steps import Step, pieces

AT = "2026-11-28T05:44:00.000Z"


def step(position: int, *texts: str) -> Step:
    says = [p.Say(1, [(f"{number:08}", text)]) for number, text in enumerate(texts)]
    return Step.read(position, 0, p.encode(p.Entry(p.FORMAT, b"12345678", position, says)))


@given(counts=st.lists(st.integers(1, 9), max_size=12), limit=st.integers(1, 2000))
def test_pieces_are_as_large_as_allowed_and_have_all_in_order(counts: list[int], limit: int) -> None:
    steps = [step(number, *["text"] * count) for number, count in enumerate(counts, 1)]
    found = [*pieces(steps, limit)]
    assert [one for piece in found for one in piece] == steps
    sizes = [sum(one.size for one in piece) for piece in found]
    assert all(size <= limit or len(piece) == 1 for size, piece in zip(sizes, found, strict=True))
    for piece, size in zip(found[1:], sizes, strict=False):  # the first of the next would not fit
        assert size + piece[0].size > limit


@pytest.mark.parametrize("text", ["", "x", "x" * 64, "привет, как дела", "x" * 4000])
def test_the_size_is_about_what_is_sent(text: str) -> None:
    sent = JSON.encode([Message(1_000_000, AT, "Александра", text)] * 10)
    assert len(sent) <= step(1, *[text] * 10).size <= 1.5 * len(sent) + 100


def test_an_entry_of_a_newer_version_is_not_read() -> None:
    with pytest.raises(p.UnknownEntry):
        Step.read(1, 0, p.encode(p.Entry(p.FORMAT + 1, b"12345678", 1, [])))
