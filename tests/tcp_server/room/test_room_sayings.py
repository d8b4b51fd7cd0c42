from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import thread_time

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tests.tcp_server.room_harness import RoomHarness, ids, say_many

SECRET = "a secret from before a restart"

# --- messages ------------------------------------------------------------------------


def test_all_connections_are_sent_one_order() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.join_as_text("c", "Вера")
    harness.received("a"), harness.received("b")
    harness.handle("a", m.Say("раз", "r1"), m.Say("два", "r2"))
    harness.handle("b", m.Say("три"))
    harness.handle("a", m.Say("четыре", "r3"))
    assert harness.summary("a") == ["ack r1 #1", "ack r2 #2", "#3 Борис: три", "ack r3 #4"]
    assert harness.summary("b") == ["#1 Анна: раз", "#2 Анна: два", "#4 Анна: четыре"]
    assert harness.summary("c") == ["#1 Анна: раз", "#2 Анна: два", "#3 Борис: три", "#4 Анна: четыре"]


def test_the_time_is_utc_with_milliseconds() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.handle("a", m.Say("раз", "r"))
    (ack,) = harness.received("a")
    assert isinstance(ack, m.Ack)
    assert ack.at.endswith("Z")
    assert len(ack.at) == len("2026-11-22T05:43:03.120Z")
    assert abs(datetime.fromisoformat(ack.at) - datetime.now(UTC)) < timedelta(minutes=1)


def test_text_is_cleaned() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.handle("a", m.Say("\x1b[31m\u202eа\0\x9b\r\nб", "r"))
    assert harness.summary("b") == ["#1 Анна: а\nб"]


@pytest.mark.parametrize("text", ["", " ", "\n\t\n", "\0\x1b", "\u200d", "\u3164\u2800"])
def test_blank_says_are_refused_in_json_and_ignored_in_text_dialects(text: str) -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say(text, "r"), m.Say("да", "s"))
    harness.handle("b", m.Say(text), m.Say("нет"))
    assert harness.summary("a") == ["error blank r", "ack s #1", "#2 Борис: нет"]
    assert harness.summary("b") == ["#1 Анна: да"]


def test_a_long_text_is_refused_in_json_and_split_in_text_dialects() -> None:
    harness = RoomHarness(max_text=5)
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say("123456", "r"), m.Say("😀" * 5, "s"))
    assert harness.summary("a") == ["error too_long r", "ack s #1"]
    assert harness.summary("b") == ["#1 Анна: " + "😀" * 5]
    harness.handle("b", m.Say("abcdefghijkl"))
    assert harness.summary("a") == ["#2 Борис: abcde", "#3 Борис: fghij", "#4 Борис: kl"]


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of work, at best of several times."""
    taken = []
    for _ in range(20):
        begun = thread_time()
        work()
        taken.append(thread_time() - begun)
    return min(taken)


@pytest.mark.parametrize("kind", ["\ue000", "a\n", "\x00", "\U00040000", "я\u200f", " \u2800"])
def test_a_text_that_is_much_too_long_costs_the_room_less_than_its_parsing(kind: str) -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    text = (kind * 64_000).encode()[:64_000].decode(errors="ignore")
    line = codec.encode(m.Say(text, "r"))
    request = codec.decode_commands(line)
    assert seconds(lambda: harness.handle("a", *request)) < seconds(lambda: codec.decode_commands(line))
    assert set(harness.summary("a")) == {"error too_long r"}


# --- repeated refs -------------------------------------------------------------------


def test_a_repeated_say_gets_its_ack_and_is_not_sent_again() -> None:
    harness = RoomHarness()
    session = harness.join("a", "Анна").session
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say("раз", "r"))
    (first,) = harness.received("a")
    harness.handle("a", m.Say("раз", "r"))
    assert harness.received("a") == [first]
    harness.join("a2", "", session=session)
    harness.handle("a2", m.Say("раз", "r"), m.Say("два", "s"))
    assert harness.received("a2")[0] == first
    assert harness.summary("b") == ["#1 Анна: раз", "#2 Анна: два"]


def test_a_repeat_within_one_chunk() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say("раз", "r"), m.Say("раз", "r"), m.Say("два", "s"))
    assert harness.summary("a") == ["ack r #1", "ack r #1", "ack s #2"]
    assert harness.summary("b") == ["#1 Анна: раз", "#2 Анна: два"]


def test_equal_refs_of_different_sessions_are_different_says() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say("раз", "r"))
    harness.handle("b", m.Say("два", "r"))
    assert harness.summary("a") == ["ack r #1", "#2 Борис: два"]


def test_a_session_secret_is_kept_after_a_restart() -> None:
    history = MemoryHistory(100)
    before = RoomHarness(history)
    before.join("a", "Анна", session=SECRET)
    before.handle("a", m.Say("раз", "r"))
    after = RoomHarness(history)
    after.join_as_text("b", "Борис")
    welcome = after.join("a", "Анна", session=SECRET)
    assert welcome.session == SECRET
    after.handle("a", m.Say("раз", "r"), m.Say("два", "s"))
    assert after.summary("a") == ["ack r #1", "ack s #2"]
    assert after.summary("b") == ["#2 Анна: два"]  # her name was held for her


def test_a_short_secret_is_replaced() -> None:
    harness = RoomHarness()
    given = harness.join("a", "Анна", session="short").session
    assert len(given) >= 16
    assert harness.join("b", "Борис", session="short").name == "Борис"


# --- a failing log -------------------------------------------------------------------


class FullDisk(MemoryHistory):
    """A log that can be made to fail."""

    def __init__(self) -> None:
        super().__init__(100)
        self.full = False

    def commit(self) -> None:
        if self.full:
            raise Unavailable
        super().commit()


def test_a_message_that_cannot_be_stored_is_answered_with_an_error() -> None:
    disk = FullDisk()
    harness = RoomHarness(disk)
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Say("раз", "r"))
    harness.summary("a"), harness.summary("b")
    disk.full = True
    harness.handle("a", m.Say("два", "s"), m.Say("раз", "r"), m.Say("два", "s"), m.Ping())
    assert harness.summary("a") == ["error unavailable s", "ack r #1", "error unavailable s", "pong"]
    assert harness.received("b") == []
    harness.handle("b", m.Say("три"))
    assert harness.summary("b") == ["error unavailable"]
    assert harness.received("a") == []
    harness.join_as_text("c", "Вера")
    assert harness.summary("a") == harness.summary("b") == ["joined Вера"]
    assert ids(harness.join("d", "Глеб")) == [1]


def test_ids_continue_without_a_gap_after_a_failed_commit() -> None:
    disk = FullDisk()
    harness = RoomHarness(disk)
    harness.join("a", "Анна")
    disk.full = True
    harness.handle("a", m.Say("раз", "r"))
    assert harness.summary("a") == ["error unavailable r"]
    disk.full = False
    harness.handle("a", m.Say("раз", "r"), m.Say("раз", "r"))
    assert harness.summary("a") == ["ack r #1", "ack r #1"]


def test_a_welcome_contains_no_message_that_could_not_be_stored() -> None:
    disk = FullDisk()
    harness = RoomHarness(disk)
    harness.join_as_text("b", "Борис")
    disk.full = True
    batch = harness.room.handle("b", [m.Say("раз")]) + harness.room.join("a", m.Join("Анна"))
    harness.deliver(batch)
    (welcome,) = harness.received("a")
    assert isinstance(welcome, m.Welcome)
    assert (ids(welcome), welcome.last) == ([], 0)


# --- replay and history --------------------------------------------------------------


def test_a_welcome_contains_the_newest_messages() -> None:
    harness = RoomHarness(replay=3, max_replay=5)
    harness.join_as_text("a", "Анна")
    say_many(harness, "a", 10)
    welcome = harness.join("b", "Борис")
    assert ids(welcome) == [8, 9, 10]
    assert (welcome.last, welcome.missed, welcome.more) == (10, 0, True)
    assert ids(harness.join("c", "Вера", history=100)) == [6, 7, 8, 9, 10]
    none = harness.join("d", "Глеб", history=0)
    assert ids(none) == []
    assert none.more


def test_since_replays_missed_messages() -> None:
    harness = RoomHarness(max_replay=5)
    welcome = harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    say_many(harness, "b", 4)
    harness.leave("a")
    say_many(harness, "b", 3)

    def back(connection: str, last: int) -> m.Welcome:
        since = m.Position(welcome.epoch, last)
        return harness.join(connection, "Анна", session=welcome.session, since=since, history=1)

    some = back("a2", 4)
    assert (ids(some), some.missed, some.more) == ([5, 6, 7], 0, True)
    none = back("a3", 7)
    assert (ids(none), none.missed) == ([], 0)
    many = back("a4", 1)
    assert (ids(many), many.missed, many.more) == ([3, 4, 5, 6, 7], 1, True)


@pytest.mark.parametrize("mark", [m.Position("another log", 3), m.Position("", 0)])
def test_a_since_of_another_epoch_is_ignored(mark: m.Position) -> None:
    harness = RoomHarness(replay=2)
    harness.join_as_text("a", "Анна")
    say_many(harness, "a", 5)
    welcome = harness.join("b", "Борис", since=mark)
    assert (ids(welcome), welcome.missed) == ([4, 5], 0)


def test_a_since_after_the_last_id_is_ignored() -> None:
    harness = RoomHarness(replay=2)
    harness.join_as_text("a", "Анна")
    say_many(harness, "a", 5)
    welcome = harness.join("b", "Борис", since=m.Position(harness.history.epoch, 6))
    assert (ids(welcome), welcome.missed) == ([4, 5], 0)


def test_history_pages_back_to_the_oldest_kept() -> None:
    harness = RoomHarness(MemoryHistory(8), max_replay=4)
    harness.join_as_text("b", "Борис")
    say_many(harness, "b", 20)
    harness.join("a", "Анна")
    seen: list[list[int]] = []
    before = None
    more = True
    while more:
        harness.handle("a", m.HistoryRequest(before=before, limit=3))
        (page,) = harness.received("a")
        assert isinstance(page, m.HistoryPage)
        seen.append(ids(page))
        before, more = page.messages[0].id, page.more
    assert seen == [[18, 19, 20], [15, 16, 17], [13, 14]]
    harness.handle(
        "a", m.HistoryRequest(limit=100), m.HistoryRequest(before=13), m.HistoryRequest(before=2**53)
    )
    pages = [page for page in harness.received("a") if isinstance(page, m.HistoryPage)]
    assert [(ids(page), page.more) for page in pages] == [
        ([17, 18, 19, 20], True),
        ([], False),
        ([17, 18, 19, 20], True),
    ]


def test_a_page_is_limited_in_bytes_and_reports_what_is_left_out() -> None:
    harness = RoomHarness()
    epoch = harness.history.epoch
    harness.join_as_text("a", "Анна")
    say_many(harness, "a", 300, size=4000)
    welcome = harness.join("b", "Борис", since=m.Position(epoch, 0))
    assert 20 < len(welcome.messages) < 100
    assert ids(welcome) == list(range(welcome.messages[0].id, 301))
    assert welcome.missed == welcome.messages[0].id - 1
    assert welcome.more
    assert len(codec.encode(welcome)) < 300 * 1024


def test_a_page_contains_at_least_one_message() -> None:
    harness = RoomHarness(max_text=300_000)
    harness.join_as_text("a", "Анна")
    say_many(harness, "a", 2, size=300_000)
    assert ids(harness.join("b", "Борис")) == [2]


def test_messages_are_numbered_even_without_history() -> None:
    harness = RoomHarness(MemoryHistory(0))
    harness.join("a", "Анна")
    harness.handle("a", m.Say("раз", "r"))
    assert harness.summary("a") == ["ack r #1"]
    welcome = harness.join("b", "Борис", since=m.Position(harness.history.epoch, 0))
    assert (ids(welcome), welcome.last, welcome.missed, welcome.more) == ([], 1, 1, False)
