"""What everybody may know of the room."""

import pytest

from chat_protocol import messages as m
from tcp_server.config import Config
from tests.tcp_server.room_harness import RoomHarness


def about(harness: RoomHarness) -> m.Event:
    harness.deliver(harness.room.about("q", None))
    (told,) = harness.received("q")
    assert isinstance(told, m.About)
    return told


def test_some_names_are_told_and_the_number_of_all_in_a_crowd_too() -> None:
    harness = RoomHarness(max_name=400, crowd=3)
    assert about(harness) == m.About(names=[])
    for number in range(12):
        harness.join_as_text(f"{number}", f"Анна {number:02}")
    assert about(harness) == m.About(count=12, names=[f"Анна {number:02}" for number in range(8)])
    harness.join_as_text("long", "А" * 300)  # the first in their order
    assert about(harness) == m.About(count=13, names=[])


def test_a_room_with_a_password_names_nobody() -> None:
    harness = RoomHarness(password="тайна", title="Совет")
    harness.room.reopen(Config(title="Совет"))
    harness.join("a", "Анна")
    assert about(harness) == m.About("Совет", "", 1, ["Анна"])
    harness.room.reopen(Config(title="Совет", password="тайна"))
    assert about(harness) == m.About("Совет", "", 1, (), True)


@pytest.mark.parametrize("changes", [{"title": "Другая"}, {"welcome": "Привет"}])
def test_members_are_told_when_it_changes(changes: dict[str, str]) -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.deliver(harness.room.reopen(Config(password="тайна")))
    assert harness.received("a") == []
    harness.deliver(harness.room.reopen(Config(**changes)))  # type: ignore[arg-type]
    assert harness.received("a") == [m.About(**changes, count=1, names=["Анна"])]  # type: ignore[arg-type]
