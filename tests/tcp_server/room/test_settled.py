"""Settled messages: servers that have them and servers that lack them decide alike."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from chat_protocol import messages as m
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import proposals as p
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold

RUN = b"incarnat"
OF = ("Анна", "2026-11-22T05:43:03.120Z")


class Two:
    """Two folds of the same entries: with a log on disk, and with one that has lost its first messages."""

    def __init__(self, path: Path) -> None:
        self.disk = SqliteHistory(path)
        self.memory = MemoryHistory(2)
        self.folds = [Fold(self.disk), Fold(self.memory)]
        self._seq = 0

    def apply(self, *proposals: p.AnyProposal) -> list[Effect]:
        """Apply an entry to both; return what it has led to."""
        self._seq += 1
        entry = p.Entry(p.FORMAT, RUN, self._seq, proposals)
        results = []
        for fold in self.folds:
            results.append(fold.fold(fold.moment.position + 1, 1_700_000_000_000 + self._seq, entry))
            fold.commit()
        assert results[0] == results[1]
        assert self.folds[0].state() == self.folds[1].state()
        return results[0]

    def answer(self, *proposals: p.AnyProposal) -> Sequence[object]:
        effects = self.apply(*proposals)
        return [event for effect in effects for event in (effect.acks() if effect.acked else effect.answer)]


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """Six messages of Anna and Boris, the first four settled and not in the second log."""
    two = Two(tmp_path / "room.db")
    two.apply(
        p.Up("a", 0),
        p.Join(1, b"a" * 16, "Анна", ("анна",)),
        p.Join(2, b"b" * 16, "Борис", ("борис",)),
        p.Role(2),
    )
    for number in range(1, 7):
        two.apply(p.Say(2 - number % 2, [(f"r{number}", f"текст {number}")]))
    two.apply(p.Settle(5))
    assert [fold.history.settled for fold in two.folds] == [5, 5]
    return two


def codes(answer: Sequence[object]) -> list[str]:
    return [event.code for event in answer if isinstance(event, m.Error)]


def test_a_settled_message_is_neither_edited_nor_reacted_to(two: Two) -> None:
    with closing(two.disk):
        assert codes(two.answer(p.Edit(1, "e", 1, "другое", (), 900.0))) == ["too_late"]
        assert codes(two.answer(p.React(1, "x", 2, "👍", on=True))) == ["too_late"]
        assert codes(two.answer(p.Delete(1, "d", 1))) == ["too_late"]  # proposed before it was settled
        assert codes(two.answer(p.Act(2, "delete", id=1, ref="d"))) == ["too_late"]
        assert codes(two.answer(p.React(1, "y", 5, "👍", on=True))) == []
        assert two.disk.last == 7


def test_a_settled_message_is_deleted_as_it_was_proposed(two: Two) -> None:
    with closing(two.disk):
        (effect,) = two.apply(p.Delete(1, "d", 1, OF))
        (changed,) = effect.shared
        assert isinstance(changed, m.Changed)
        assert changed.message == m.Message(1, OF[1], OF[0], "", deleted=True)
        two.apply(p.Act(2, "delete", id=3, ref="d", of=OF))
        two.apply(p.Act(2, "delete", id=3, ref="d2", of=OF))  # two at once
        assert [message.deleted for message in two.disk.before(5, 9)] == [True, False, True, False]


def test_a_settled_message_is_answered_without_its_quote(two: Two) -> None:
    with closing(two.disk):
        (effect,) = two.apply(p.Post(1, "p", "ответ", reply=2))
        (message,) = effect.shared
        assert isinstance(message, m.Message)
        assert message.reply == m.Quote(2)
        (effect,) = two.apply(p.Edit(1, "e", message.id, "ответ!", (), 900.0))
        assert isinstance(effect.shared[0], m.Changed)
        assert effect.shared[0].message.reply == m.Quote(2)
        (effect,) = two.apply(p.Post(1, "p2", "ответ", reply=6))
        assert isinstance(effect.shared[0], m.Message)
        assert effect.shared[0].reply == m.Quote(6, "Борис", "текст 6")


def test_refs_of_settled_says_and_acts_are_new_again(two: Two, tmp_path: Path) -> None:
    def acked(*proposals: p.AnyProposal) -> list[int]:
        return [event.id for event in two.answer(*proposals) if isinstance(event, m.Ack)]

    with closing(two.disk):
        assert acked(p.React(1, "x", 6, "👍", on=True)) == [7]
        assert acked(p.Say(1, [("r5", "текст 5")])) == [5]
        assert acked(p.Say(1, [("r1", "опять")])) == [8]
        assert acked(p.Say(1, [("r1", "опять")])) == [8]
        two.apply(p.Settle(9))
        assert acked(p.Say(1, [("x", "раз"), ("r1", "два")]), p.React(1, "r5", 8, "👍", on=True)) == [
            9,
            8,
            10,
        ]
    with closing(SqliteHistory(tmp_path / "room.db")) as again:
        assert again.settled == 8  # not the newest one
        assert again.find_acks(b"a" * 16, ["r3", "r5", "r1", "x"]).keys() == {"r5", "r1", "x"}
