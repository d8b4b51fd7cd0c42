"""The check of what moderators have decided finds each kind of violation."""

import pytest

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.message import quote_of
from chat_protocol.messages import Message, Moderate, Notice, Quote
from tests.faults.acts import Acted
from tests.faults.decisions import (
    Decided,
    Sanction,
    Words,
    check_notices,
    check_quotes,
    decided,
    milliseconds,
)

MUTE = Moderate("mute", "Борис", seconds=2, text="<k-1> хватит", ref="1")
BAN = Moderate("ban", "Глеб", text="<k-2> хватит", ref="2")
TOPIC = Moderate("topic", text="[k-3] о чём мы", ref="3")
ACTS = [Acted("Анна", number, act) for number, act in enumerate((MUTE, BAN, TOPIC), 1)]
AT = milliseconds("2026-11-22T05:43:01.000Z")


def at(second: float) -> str:
    return f"2026-11-22T05:43:{second:06.3f}Z"


def notice(number: int, act: Moderate) -> Message:
    told = Notice(act.act, "Анна", act.target, act.id, act.seconds, act.text)
    return Message(number, at(number), SYSTEM_NAME, f"Анна: {act.text}", told)


def log_of(*messages: Message) -> dict[int, Message]:
    return {one.id: one for one in (notice(1, MUTE), notice(2, BAN), notice(3, TOPIC), *messages)}


def said(second: float, name: str) -> Message:
    return Message(4, at(second), name, "<a-0> x")


def test_nothing_wrong() -> None:
    log = log_of(said(3.0, "Борис"))
    assert [*check_notices(ACTS, log), *check_quotes(log)] == []
    assert decided(log, ACTS) == Decided(
        bans={"Глеб": Sanction("Анна", "<k-2> хватит", None)},
        mutes={"Борис": Sanction("Анна", "<k-1> хватит", AT + 2000)},
        topic=(3, "[k-3] о чём мы"),
    )


@pytest.mark.parametrize("message", [said(2.999, "Борис"), said(50, "Глеб")])
def test_who_is_muted_or_banned_has_spoken(message: Message) -> None:
    assert len(decided(log_of(message), ACTS).wrong) == 1


def test_what_ends_sanctions() -> None:
    unmute, unban = Moderate("unmute", "Борис", ref="4"), Moderate("unban", "Глеб", ref="5")
    state = decided(log_of(notice(4, unmute), notice(5, unban)), ACTS)
    assert (state.bans, state.mutes) == ({}, {})


@pytest.mark.parametrize(
    ("acts", "topic", "is_known"), [(ACTS, None, True), (ACTS[:2], None, False), ([], None, False)]
)
def test_the_notice_of_a_topic_is_deleted(
    acts: list[Acted], topic: tuple[int, str] | None, *, is_known: bool
) -> None:
    log = log_of(Message(3, at(3), SYSTEM_NAME, "", deleted=True))
    state = decided(log, acts)
    assert (state.topic, state.is_topic_known) == (topic, is_known)


@pytest.mark.parametrize(
    "log",
    [
        {2: notice(2, BAN), 3: notice(3, TOPIC)},
        log_of(notice(1, Moderate("mute", "Борис", seconds=3, text="<k-1> хватит"))),
        log_of(notice(4, Moderate("delete", id=5)), Message(5, at(5), "Борис", "<a-0> x")),
    ],
)
def test_notices(log: dict[int, Message]) -> None:
    assert len([*check_notices(ACTS, log)]) == 1


def test_quotes() -> None:
    old = Message(4, at(4), "Борис", "{a-0|1} x", edited=at(5))
    reply = Message(6, at(6), "Борис", "<a-1> y", reply=quote_of(old))
    assert [*check_quotes(log_of(old, reply))] == []
    gone = Message(4, at(4), "Борис", "", deleted=True)
    assert len([*check_quotes(log_of(gone, reply))]) == 1
    assert [*check_quotes(log_of(gone, Message(6, at(6), "Борис", "<a-1> y", reply=Quote(4, "Борис"))))] == []


def test_words_that_should_be_gone() -> None:
    log = log_of(
        Message(4, at(4), "Борис", "{a-0|2} x", edited=at(5)), Message(6, at(6), "Борис", "", deleted=True)
    )
    words = Words(log, {"<a-0> x": 4, "<a-1> y": 6, "<k-1> хватит": 1, "[k-3] о чём мы": 3})
    assert words.lingering(b"{a-0|2} <k-1> [k-3] <refused>") == set()
    data = b"\0<a-0>{a-0|1}\xff{a-0|2}<a-1>{a-1|7}"
    assert words.lingering(data) == {"<a-0>", "{a-0|1}", "<a-1>", "{a-1|7}"}
