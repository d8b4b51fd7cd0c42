"""The check of acts finds each kind of violation."""

import pytest

from chat_protocol.messages import Delete, Edit, Message, React, Reaction
from tests.faults.acts import Acted, check_acts, edited, original

AT = "2026-11-22T05:43:03.120Z"
ACTS = [
    Acted("Анна", 2, Edit(id=1, text="{a-0|1} x")),
    Acted("Анна", 3, React(id=1, emoji="👍")),
    Acted("Борис", 5, React(id=1, emoji="👍")),
    Acted("Борис", 6, React(id=4, emoji="👍")),
    Acted("Борис", 7, React(id=4, emoji="👍", on=False)),
]
ONE = Message(1, AT, "Анна", "{a-0|1} x", edited=AT, reactions=[Reaction("👍", 2, ["Анна", "Борис"])])
LOG = {1: ONE, 4: Message(4, AT, "Борис", "<b-0> y")}


def test_an_edited_text_is_recognised() -> None:
    for count in (1, 2):
        text = edited("<writer-1-7> some\ntext", count)
        assert text.startswith(f"{{writer-1-7|{count}}} ")
        assert edited(text, 3) == "{writer-1-7|3} some\ntext"
        assert original(text) == "<writer-1-7> some\ntext"


def test_nothing_wrong() -> None:
    assert check_acts(ACTS, LOG, {"Вера": LOG, "Глеб": {4: LOG[4]}}) == []


@pytest.mark.parametrize(
    "log",
    [
        LOG | {1: Message(1, AT, "Анна", "<a-0> x", reactions=ONE.reactions)},
        LOG | {1: Message(1, AT, "Анна", "{a-0|1} x", reactions=[Reaction("👍", 1, ["Анна"])])},
        LOG | {4: Message(4, AT, "Борис", "<b-0> y", reactions=[Reaction("👍", 1, ["Борис"])])},
        LOG | {5: Message(5, AT, "Борис", "<b-1> y")},
    ],
)
def test_what_is_lost_or_doubled(log: dict[int, Message]) -> None:
    assert len(check_acts(ACTS, log, {})) == 1


def test_a_deletion_is_found_if_it_is_lost_or_nobody_has_asked_for_it() -> None:
    gone = Message(1, AT, "Анна", "", deleted=True)
    deletion = Acted("Анна", 8, Delete(id=1))
    assert check_acts([*ACTS, deletion], LOG | {1: gone}, {}) == []
    assert check_acts([*ACTS, deletion], LOG, {}) == ["#1 should be deleted"]
    assert check_acts(ACTS, LOG | {1: gone}, {}) == ["#1 is deleted"]


def test_one_act_under_two_numbers() -> None:
    assert len(check_acts([*ACTS, Acted("Анна", 3, Edit(id=1, text="{a-0|1} x"))], LOG, {})) == 1


def test_what_a_participant_has_not_been_told() -> None:
    shown = {"Вера": {4: Message(4, AT, "Борис", "<b-0> z"), 9: LOG[4]}}
    assert len(check_acts(ACTS, LOG, shown)) == 2
