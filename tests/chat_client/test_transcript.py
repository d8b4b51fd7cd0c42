"""The messages seen, and the gaps between them."""

from chat_client.transcript import MAX_KEPT, Transcript
from chat_protocol.messages import HistoryPage, HistoryRequest, Limits, Position, Welcome
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


def test_neighbours_are_the_next_messages_whatever_their_ids() -> None:
    seen = Transcript("e")
    for number in (1, 2, 3, 70, 80):
        seen.add(message(number))
    assert [m.id for m in seen.around(3, 1)] == [2, 3, 70]
    assert [m.id for m in seen.around(3, 3)] == [1, 2, 3, 70, 80]
    assert [m.id for m in seen.around(80, 1)] == [70, 80]
    assert seen.around(5, 3) == []


def test_messages_beyond_missing_ones_are_no_neighbours() -> None:
    seen = Transcript("e")
    seen.resume(welcome(20, 0, 10, 20))
    seen.resume(welcome(80, 3, 70, 80))
    assert [m.id for m in seen.around(20, 5)] == [10, 20]
    assert [m.id for m in seen.around(70, 5)] == [70, 80]
    seen.add_own(message(40))
    assert [m.id for m in seen.around(40, 5)] == [40]
    seen.add_page(page(50, 60, first=41))
    assert [m.id for m in seen.around(60, 5)] == [50, 60, 70, 80]
    assert [m.id for m in seen.around(20, 5)] == [10, 20]
    seen.add_page(page(30, first=21))
    assert [m.id for m in seen.around(40, 9)] == [10, 20, 30, 40, 50, 60, 70, 80]


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


def page(*ids: int, first: int | None = None) -> HistoryPage:
    return HistoryPage([message(id_) for id_ in ids], more=True, first=first)


def test_gaps_are_filled_the_newest_first() -> None:
    seen = Transcript("e")
    seen.resume(welcome(10, 0, 9, 10))
    seen.resume(welcome(30, 19, 30))
    seen.resume(welcome(40, 8, 39, 40))
    assert seen.next_page(5) == HistoryRequest(before=39, limit=5)
    assert len(seen.add_page(page(*range(34, 39)))) == 5
    assert seen.next_page(5) == HistoryRequest(before=34, limit=3)
    seen.add_page(page(*range(31, 34)))
    assert seen.next_page(50) == HistoryRequest(before=30, limit=19)
    seen.add_page(page(*range(11, 30)))
    assert seen.next_page(50) == HistoryRequest(before=9, limit=50)


def test_an_own_message_in_a_gap_is_shown_once() -> None:
    seen = Transcript("e")
    seen.resume(welcome(10, 0, 10))
    seen.resume(welcome(14, 3, 14))
    assert seen.add_own(message(12))
    assert [m.id for m in seen.add_page(page(11, 12, 13))] == [11, 13]


def test_a_gap_ends_where_the_page_has_no_more_messages() -> None:
    seen = Transcript("e")
    seen.resume(welcome(10, 0, 9, 10))
    seen.resume(welcome(50, 19, 50))  # a count of ids, as some messages are no longer kept
    assert [m.id for m in seen.add_page(page(9, 10, 30, 40, first=7))] == [30, 40]
    assert seen.next_page(5) == HistoryRequest(before=9, limit=5)
