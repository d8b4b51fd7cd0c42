"""Entries of the journal as bytes."""

from typing import get_args

import msgspec
import pytest

from tcp_server.room import proposals as p
from tcp_server.room.moderation.bans import Sanction

BAN = Sanction("Боб", "2026-11-22T05:43:03.120Z", 1.5, "Анна", "спам", ("боб",), b"session")
ONE_OF_EACH: list[p.AnyProposal] = [
    p.Up("server", 7),
    p.Beat(12, 99),
    p.Down(b"another!", 12),
    p.Epoch("0123456789abcdef"),
    p.Join(1, b"session", "Анна", ("анна", "anna"), quiet=True),
    p.Join(2, None, "Борис", ("борис",)),
    p.Part(1, True, "slow", "slow"),
    p.Link(1, b"digest", 1.5, 7),
    p.Hold(1, 1.5),
    p.HoldAtMost(0.0),
    p.Reap(3, 7),
    p.Say(1, [("ref", "раз"), (None, "два")]),
    p.Post(1, "ref", "@Борис", 7, "action", ("Борис",)),
    p.Edit(1, "ref", 7, "раз", (), 3600.0),
    p.Delete(1, None, 7, ("Анна", BAN.at)),
    p.React(1, "ref", 7, "👍", True),
    p.Start(1, "ref", "make"),
    p.Take(1, 7),
    p.Body(7, 0, "раз\n"),
    p.End(1, "ref", 7, 2, (7, 1, "раз\n")),
    p.Lose(7, (b"incarnat", 1), (7, 1, "раз\n")),
    p.Act(1, "ban", "Боб", ("боб",), None, 60, "спам", "ref"),
    p.Role(1),
    p.Sanctioned("2026-11-22T05:43:03.120Z", [BAN], []),
    p.Forget(8),
    p.Settle(8),
    p.Retract(),
]


def test_every_kind_of_proposal_is_read_as_it_was_written() -> None:
    assert {type(proposal) for proposal in ONE_OF_EACH} == set(get_args(p.AnyProposal))
    entry = p.decode(p.encode(p.Entry(p.FORMAT, b"incarnat", 1, ONE_OF_EACH)))
    assert list(entry.proposals) != []
    assert p.encode(entry) == p.encode(p.Entry(p.FORMAT, b"incarnat", 1, ONE_OF_EACH))
    assert [type(proposal) for proposal in entry.proposals] == [type(proposal) for proposal in ONE_OF_EACH]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([p.FORMAT, b"incarnat", 1, [["wink", 1]]], "Invalid value 'wink'"),
        ([p.FORMAT, b"incarnat", 1, [["role", "one"]]], "Expected `int`, got `str`"),
        ([p.FORMAT, b"incarnat", 1, [["act", 1, "praise"]]], "Invalid enum value 'praise'"),
        ([p.FORMAT + 1, b"incarnat", 1, []], "an entry has format 2, this version knows format 1"),
        ("entry", "Expected `array`"),
    ],
)
def test_an_entry_that_is_not_understood_is_refused(content: object, reason: str) -> None:
    with pytest.raises(p.UnknownEntry, match=reason):
        p.decode(msgspec.msgpack.encode(content))


def test_what_a_later_version_adds_to_a_proposal_is_ignored() -> None:
    """So servers of two versions can tell each other what they understand: see docs/architecture.md."""
    data = msgspec.msgpack.encode([p.FORMAT, b"incarnat", 1, [["beat", 7, 8, 2], ["up", "a", 0, "", {}, 2]]])
    assert p.decode(data).proposals == [p.Beat(7, 8), p.Up("a", 0)]


def test_a_damaged_entry_is_refused() -> None:
    data = p.encode(p.Entry(p.FORMAT, b"incarnat", 1, [p.Role(1)]))
    with pytest.raises(p.UnknownEntry):
        p.decode(data[:-1])
