"""What has been seen, and where the holes are."""

from chat_protocol.messages import Mark
from cli_client.transcript import KEPT, Transcript
from tests.cli_client.fake_room import message


def test_tells_new_from_seen_by_number() -> None:
    seen = Transcript("e")
    assert seen.add(message(5))
    assert not seen.add(message(5))
    assert not seen.add(message(4))
    assert seen.add(message(9))
    assert seen.mark() == Mark("e", 9)


def test_an_own_message_counts_as_read() -> None:
    seen = Transcript("e")
    seen.add(message(5))
    assert seen.add_own(message(6))
    assert not seen.add_own(message(6))
    assert not seen.add(message(6))
    assert seen.mark() == Mark("e", 6)


def test_neighbours_are_those_that_are_known() -> None:
    seen = Transcript("e")
    for number in (1, 2, 3, 7, 8):
        seen.add(message(number))
    assert [m.id for m in seen.around(3, 3)] == [1, 2, 3]
    assert [m.id for m in seen.around(8, 1)] == [7, 8]
    assert seen.around(5, 3) == []


def test_remembers_a_bounded_number() -> None:
    seen = Transcript("e")
    for number in range(1, KEPT + 2):
        seen.add(message(number))
    assert seen.around(1, 0) == []
    assert [m.id for m in seen.around(2, 0)] == [2]
