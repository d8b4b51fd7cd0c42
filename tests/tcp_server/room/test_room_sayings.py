from datetime import UTC, datetime, timedelta

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from tcp_server.log.history import MemoryHistory, Unavailable
from tests.tcp_server.hall import Hall, ids, talk

SECRET = "a secret from before a restart"

# --- saying --------------------------------------------------------------------------


def test_one_order_for_all() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.introduce("c", "Вера")
    hall.heard("a"), hall.heard("b")
    hall.do("a", m.Say("раз", "r1"), m.Say("два", "r2"))
    hall.do("b", m.Say("три"))
    hall.do("a", m.Say("четыре", "r3"))
    assert hall.summary("a") == ["ack r1 #1", "ack r2 #2", "#3 Борис: три", "ack r3 #4"]
    assert hall.summary("b") == ["#1 Анна: раз", "#2 Анна: два", "#4 Анна: четыре"]
    assert hall.summary("c") == ["#1 Анна: раз", "#2 Анна: два", "#3 Борис: три", "#4 Анна: четыре"]


def test_the_time_is_utc_with_milliseconds() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.do("a", m.Say("раз", "r"))
    (ack,) = hall.heard("a")
    assert isinstance(ack, m.Ack)
    assert ack.at.endswith("Z")
    assert len(ack.at) == len("2026-11-22T05:43:03.120Z")
    assert abs(datetime.fromisoformat(ack.at) - datetime.now(UTC)) < timedelta(minutes=1)


def test_text_is_cleaned() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.do("a", m.Say("\x1b[31m\u202eа\x9b\0\r\nб", "r"))
    assert hall.summary("b") == ["#1 Анна: [31mа\nб"]


@pytest.mark.parametrize("text", ["", " ", "\n\t\n", "\0\x1b", "\u200d", "\u3164\u2800"])
def test_blank_says_are_refused_in_json_and_passed_over_elsewhere(text: str) -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say(text, "r"), m.Say("да", "s"))
    hall.do("b", m.Say(text), m.Say("нет"))
    assert hall.summary("a") == ["error blank r", "ack s #1", "#2 Борис: нет"]
    assert hall.summary("b") == ["#1 Анна: да"]


def test_a_text_over_the_limit_is_refused_in_json_and_split_elsewhere() -> None:
    hall = Hall(max_text=5)
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say("123456", "r"), m.Say("😀" * 5, "s"))
    assert hall.summary("a") == ["error too_long r", "ack s #1"]
    assert hall.summary("b") == ["#1 Анна: " + "😀" * 5]
    hall.do("b", m.Say("abcdefghijkl"))
    assert hall.summary("a") == ["#2 Борис: abcde", "#3 Борис: fghij", "#4 Борис: kl"]


# --- saying it again -----------------------------------------------------------------


def test_a_repeated_say_gets_its_ack_and_reaches_nobody_twice() -> None:
    hall = Hall()
    session = hall.join("a", "Анна").session
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say("раз", "r"))
    (first,) = hall.heard("a")
    hall.do("a", m.Say("раз", "r"))
    assert hall.heard("a") == [first]
    hall.join("a2", "", session=session)
    hall.do("a2", m.Say("раз", "r"), m.Say("два", "s"))
    assert hall.heard("a2")[0] == first
    assert hall.summary("b") == ["#1 Анна: раз", "#2 Анна: два"]


def test_a_repeat_within_one_chunk() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say("раз", "r"), m.Say("раз", "r"), m.Say("два", "s"))
    assert hall.summary("a") == ["ack r #1", "ack r #1", "ack s #2"]
    assert hall.summary("b") == ["#1 Анна: раз", "#2 Анна: два"]


def test_equal_refs_of_different_people_are_different_says() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.join("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say("раз", "r"))
    hall.do("b", m.Say("два", "r"))
    assert hall.summary("a") == ["ack r #1", "#2 Борис: два"]


def test_after_a_restart_a_session_is_taken_over() -> None:
    history = MemoryHistory(100)
    before = Hall(history)
    before.join("a", "Анна", session=SECRET)
    before.do("a", m.Say("раз", "r"))
    after = Hall(history)
    after.introduce("b", "Борис")
    welcome = after.join("a", "Анна", session=SECRET)
    assert welcome.session == SECRET
    after.do("a", m.Say("раз", "r"), m.Say("два", "s"))
    assert after.summary("a") == ["ack r #1", "ack s #2"]
    assert after.summary("b") == ["joined Анна", "#2 Анна: два"]


def test_a_secret_that_can_be_guessed_is_replaced() -> None:
    hall = Hall()
    given = hall.join("a", "Анна", session="short").session
    assert len(given) >= 16
    assert hall.join("b", "Борис", session="short").name == "Борис"


# --- when nothing can be kept --------------------------------------------------------


class FullDisk(MemoryHistory):
    """A log that can be told to fail."""

    def __init__(self) -> None:
        super().__init__(100)
        self.full = False
        self._safe = 0

    def commit(self) -> None:
        if self.full:
            self.rollback_to(self._safe)
            raise Unavailable
        self._safe = self.last


def test_what_cannot_be_kept_is_not_said_and_its_author_is_told() -> None:
    disk = FullDisk()
    hall = Hall(disk)
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Say("раз", "r"))
    hall.summary("a"), hall.summary("b")
    disk.full = True
    hall.do("a", m.Say("два", "s"), m.Say("раз", "r"), m.Say("два", "s"), m.Ping())
    assert hall.summary("a") == ["error unavailable s", "ack r #1", "error unavailable s", "pong"]
    assert hall.heard("b") == []
    hall.do("b", m.Say("три"))
    assert hall.summary("b") == ["error unavailable"]
    assert hall.heard("a") == []
    hall.introduce("c", "Вера")
    assert hall.summary("a") == hall.summary("b") == ["joined Вера"]
    assert ids(hall.join("d", "Глеб")) == [1]


def test_when_there_is_room_again_it_goes_on_without_a_gap() -> None:
    disk = FullDisk()
    hall = Hall(disk)
    hall.join("a", "Анна")
    disk.full = True
    hall.do("a", m.Say("раз", "r"))
    assert hall.summary("a") == ["error unavailable r"]
    disk.full = False
    hall.do("a", m.Say("раз", "r"), m.Say("раз", "r"))
    assert hall.summary("a") == ["ack r #1", "ack r #1"]


def test_a_welcome_shows_nothing_that_could_not_be_kept() -> None:
    disk = FullDisk()
    hall = Hall(disk)
    hall.introduce("b", "Борис")
    disk.full = True
    batch = hall.room.handle("b", [m.Say("раз")]) + hall.room.join("a", m.Join("Анна"))
    hall.take(batch)
    (welcome,) = hall.heard("a")
    assert isinstance(welcome, m.Welcome)
    assert (ids(welcome), welcome.last) == ([], 0)


# --- what was said before ------------------------------------------------------------


def test_a_newcomer_sees_the_end_of_the_history() -> None:
    hall = Hall(replay=3, max_replay=5)
    hall.introduce("a", "Анна")
    talk(hall, "a", 10)
    welcome = hall.join("b", "Борис")
    assert ids(welcome) == [8, 9, 10]
    assert (welcome.last, welcome.missed, welcome.more) == (10, 0, True)
    assert ids(hall.join("c", "Вера", history=100)) == [6, 7, 8, 9, 10]
    none = hall.join("d", "Глеб", history=0)
    assert ids(none) == []
    assert none.more


def test_since_brings_what_was_missed() -> None:
    hall = Hall(max_replay=5)
    welcome = hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    talk(hall, "b", 4)
    hall.leave("a")
    talk(hall, "b", 3)

    def back(connection: str, last: int) -> m.Welcome:
        since = m.Mark(welcome.epoch, last)
        return hall.join(connection, "Анна", session=welcome.session, since=since, history=1)

    some = back("a2", 4)
    assert (ids(some), some.missed, some.more) == ([5, 6, 7], 0, True)
    none = back("a3", 7)
    assert (ids(none), none.missed) == ([], 0)
    many = back("a4", 1)
    assert (ids(many), many.missed, many.more) == ([3, 4, 5, 6, 7], 1, True)


@pytest.mark.parametrize("mark", [m.Mark("another log", 3), m.Mark("", 0)])
def test_a_foreign_epoch_is_a_fresh_start(mark: m.Mark) -> None:
    hall = Hall(replay=2)
    hall.introduce("a", "Анна")
    talk(hall, "a", 5)
    welcome = hall.join("b", "Борис", since=mark)
    assert (ids(welcome), welcome.missed) == ([4, 5], 0)


def test_a_mark_from_the_future_is_a_fresh_start() -> None:
    hall = Hall(replay=2)
    hall.introduce("a", "Анна")
    talk(hall, "a", 5)
    welcome = hall.join("b", "Борис", since=m.Mark(hall.history.epoch, 6))
    assert (ids(welcome), welcome.missed) == ([4, 5], 0)


def test_history_pages_back_to_the_oldest_kept() -> None:
    hall = Hall(MemoryHistory(8), max_replay=4)
    hall.introduce("b", "Борис")
    talk(hall, "b", 20)
    hall.join("a", "Анна")
    seen: list[list[int]] = []
    before = None
    more = True
    while more:
        hall.do("a", m.HistoryRequest(before=before, limit=3))
        (page,) = hall.heard("a")
        assert isinstance(page, m.HistoryPage)
        seen.append(ids(page))
        before, more = page.messages[0].id, page.more
    assert seen == [[18, 19, 20], [15, 16, 17], [13, 14]]
    hall.do("a", m.HistoryRequest(limit=100), m.HistoryRequest(before=13), m.HistoryRequest(before=2**53))
    pages = [page for page in hall.heard("a") if isinstance(page, m.HistoryPage)]
    assert [(ids(page), page.more) for page in pages] == [
        ([17, 18, 19, 20], True),
        ([], False),
        ([17, 18, 19, 20], True),
    ]


def test_an_answer_is_bounded_in_bytes_and_says_what_it_left_out() -> None:
    hall = Hall()
    epoch = hall.history.epoch
    hall.introduce("a", "Анна")
    talk(hall, "a", 300, size=4000)
    welcome = hall.join("b", "Борис", since=m.Mark(epoch, 0))
    assert 20 < len(welcome.messages) < 100
    assert ids(welcome) == list(range(welcome.messages[0].id, 301))
    assert welcome.missed == welcome.messages[0].id - 1
    assert welcome.more
    assert len(codec.encode(welcome)) < 300 * 1024


def test_one_message_always_fits() -> None:
    hall = Hall(max_text=300_000)
    hall.introduce("a", "Анна")
    talk(hall, "a", 2, size=300_000)
    assert ids(hall.join("b", "Борис")) == [2]


def test_without_history_messages_are_numbered_all_the_same() -> None:
    hall = Hall(MemoryHistory(0))
    hall.join("a", "Анна")
    hall.do("a", m.Say("раз", "r"))
    assert hall.summary("a") == ["ack r #1"]
    welcome = hall.join("b", "Борис", since=m.Mark(hall.history.epoch, 0))
    assert (ids(welcome), welcome.last, welcome.missed, welcome.more) == ([], 1, 1, False)
