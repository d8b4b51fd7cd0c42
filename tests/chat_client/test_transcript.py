"""The messages seen, and the gaps between them."""

from chat_client.transcript import MAX_KEPT, Transcript
from chat_protocol.messages import HistoryRequest, Limits, Position, Welcome
from tests.chat_client.fake_room import message


def test_new_messages_have_higher_ids() -> None:
    seen = Transcript("e")
    assert seen.add(message(5))
    assert not seen.add(message(5))
    assert not seen.add(message(4))
    assert seen.add(message(9))
    assert seen.position() == Position("e", 9)


def test_an_own_message_counts_as_seen() -> None:
    seen = Transcript("e")
    seen.add(message(5))
    assert seen.add_own(message(6))
    assert not seen.add_own(message(6))
    assert not seen.add(message(6))
    assert seen.position() == Position("e", 6)


def test_neighbours_are_those_that_are_kept() -> None:
    seen = Transcript("e")
    for number in (1, 2, 3, 7, 8):
        seen.add(message(number))
    assert [m.id for m in seen.around(3, 3)] == [1, 2, 3]
    assert [m.id for m in seen.around(8, 1)] == [7, 8]
    assert seen.around(5, 3) == []


def test_keeps_a_limited_number() -> None:
    seen = Transcript("e")
    for number in range(1, MAX_KEPT + 2):
        seen.add(message(number))
    assert seen.around(1, 0) == []
    assert [m.id for m in seen.around(2, 0)] == [2]


def welcome(last: int, missed: int, *ids: int) -> Welcome:
    limits = Limits(name=32, text=4000, line=65536, history=500)
    return Welcome(
        "Анна", "s", "e", last, ["Анна"], [message(id_) for id_ in ids], missed, more=True, limits=limits
    )


def test_gaps_are_filled_the_newest_first() -> None:
    seen = Transcript("e")
    seen.resume(welcome(10, 0, 9, 10))
    seen.resume(welcome(30, 19, 30))
    seen.resume(welcome(40, 8, 39, 40))
    assert seen.next_page(5) == HistoryRequest(before=39, limit=5)
    assert len(seen.add_page([message(id_) for id_ in range(34, 39)])) == 5
    assert seen.next_page(5) == HistoryRequest(before=34, limit=3)
    seen.add_page([message(id_) for id_ in range(31, 34)])
    assert seen.next_page(50) == HistoryRequest(before=30, limit=19)
    seen.add_page([message(id_) for id_ in range(11, 30)])
    assert seen.next_page(50) == HistoryRequest(before=9, limit=50)


def test_an_own_message_in_a_gap_is_shown_once() -> None:
    seen = Transcript("e")
    seen.resume(welcome(10, 0, 10))
    seen.resume(welcome(14, 3, 14))
    assert seen.add_own(message(12))
    assert [m.id for m in seen.add_page([message(id_) for id_ in (11, 12, 13)])] == [11, 13]
