"""Quiet connections: they say a few lines without becoming members."""

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Who
from tcp_server.room.commands import Greeting, MemberList, Request, TextJoin
from tests.tcp_server.room_harness import OTHER, SECRET, RoomHarness, ban, moderated_room


def room_with(name: str = "Анна") -> RoomHarness:
    """Return a room with one member, connection "a", which was sent nothing yet."""
    harness = RoomHarness()
    harness.join("a", name)
    return harness


def test_the_room_hears_only_the_messages() -> None:
    harness = room_with()
    harness.handle("a", m.Say("до", "1"))
    welcome = harness.join("q", "cron", quiet=True)
    assert (welcome.name, welcome.members, welcome.messages, welcome.last) == ("cron", ["Анна"], (), 1)
    harness.handle("a", m.Say("при", "2"), m.Typing())
    harness.join("b", "Борис")
    harness.handle("q", m.Say("готово", "r"), m.Ping())
    assert harness.summary("q") == ["ack r #3", "pong"]
    harness.handle("q", m.Leave())
    assert harness.summary("q") == ["bye left"]
    assert harness.summary("b") == ["#3 cron: готово"]
    assert harness.summary("a")[2:] == ["joined Борис", "#3 cron: готово"]
    assert harness.join("c", "cron").members == ["Анна", "Борис", "cron"]  # the name is free at once


def test_the_lists_of_a_text_dialect_do_not_have_it() -> None:
    harness = room_with()
    harness.join("q", "cron", quiet=True)
    harness.join("q2", "cron", session=harness.join("a2", "Боб").session, quiet=True)
    harness.deliver(harness.room.join("b", TextJoin("Борис")))
    harness.handle("b", Who())
    assert harness.received("b") == [
        Greeting(["Анна", "Боб"], 2),
        MemberList(["Анна", "Боб", "Борис"], 3),
    ]


@pytest.mark.parametrize(
    "command",
    [
        m.Typing(ref="r"),
        m.Bans(ref="r"),
        m.Whois("а", ref="r"),
    ],
)
def test_it_may_not_do_what_members_do(command: Request) -> None:
    harness = room_with()
    harness.join("q", "cron", quiet=True)
    harness.handle("q", m.Say("раз", "1"), command, m.Say("два", "2"))
    assert harness.summary("q") == ["ack 1 #1", "error join_first r", "ack 2 #2"]
    harness.handle("q", m.Join("Другой"))
    assert harness.summary("q") == ["error join_first"]


def test_it_may_read() -> None:
    harness = room_with()
    harness.handle("a", m.Say("раз", "1"))
    harness.join("q", "cron", quiet=True)
    harness.handle("q", m.HistoryRequest(ref="r"))
    (page,) = harness.received("q")
    assert isinstance(page, m.HistoryPage)
    assert (page.ref, [message.text for message in page.messages]) == ("r", ["раз"])
    assert harness.summary("a") == ["ack 1 #1"]


def test_its_name_is_taken_meanwhile() -> None:
    harness = room_with()
    assert harness.try_join("q", m.Join("АННА", quiet=True)) == ["error name_taken"]
    harness.join("q", "cron", quiet=True)
    assert harness.try_join("b", m.Join("Cron")) == ["error name_taken"]
    assert harness.try_join("b", m.Join("cron", quiet=True)) == ["error name_taken"]
    harness.leave("q")
    harness.join("b", "cron")


def test_a_session_speaks_for_its_member() -> None:
    harness = room_with()
    harness.join("b", "Борис", session=SECRET)
    welcome = harness.join("q", "неважно", session=SECRET, quiet=True)
    assert (welcome.name, welcome.session) == ("Борис", SECRET)
    harness.handle("q", m.Say("раз", "r"))
    assert harness.summary("b") == ["#1 Борис: раз"]  # its other connection
    harness.handle("b", m.Say("раз", "r"))
    assert harness.summary("b") == ["ack r #1"]
    harness.leave("q")
    assert harness.summary("a") == ["joined Борис", "#1 Борис: раз"]
    assert harness.join("c", "Вера").members == ["Анна", "Борис", "Вера"]


def test_it_does_not_prolong_an_absence() -> None:
    harness = room_with()
    harness.join("b", "Борис", session=SECRET)
    harness.leave("b")
    harness.advance(15)
    harness.join("q", "Борис", session=SECRET, quiet=True)
    harness.advance(6)
    assert harness.summary("a") == ["joined Борис", "left Борис"]
    assert harness.try_join("c", m.Join("Борис")) == ["error name_taken"]
    harness.handle("q", m.Say("раз", "1"))
    assert harness.summary("q") == ["ack 1 #1"]
    harness.advance(4)
    assert harness.summary("q") == ["bye quiet"]
    assert harness.join("c", "Борис").members == ["Анна", "Борис"]


def test_an_absence_outlasts_it() -> None:
    harness = room_with()
    harness.join("b", "Борис", session=SECRET)
    harness.leave("b")
    harness.join("q", "Борис", session=SECRET, quiet=True)
    harness.leave("q")
    assert harness.try_join("c", m.Join("Борис")) == ["error name_taken"]
    harness.advance(20)
    assert harness.summary("a") == ["joined Борис", "left Борис"]


def test_it_can_become_a_member_with_its_session() -> None:
    harness = room_with()
    harness.join("q", "Борис", session=SECRET, quiet=True)
    harness.join("c", "Вера")
    assert harness.join("b", "", session=SECRET).members == ["Анна", "Вера", "Борис"]
    assert harness.summary("a") == ["joined Вера", "joined Борис"]
    assert harness.summary("q") == []
    harness.leave("q")
    harness.leave("b")
    harness.advance(20)
    assert harness.summary("a") == ["left Борис"]


def test_it_ends_after_ten_seconds() -> None:
    harness = room_with()
    harness.join("q", "cron", quiet=True)
    harness.advance(9.9)
    assert harness.summary("q") == []
    harness.advance(0.1)
    assert harness.summary("q") == ["bye quiet"]
    harness.handle("q", m.Say("поздно", "r"))
    assert harness.summary("q") == harness.summary("a") == []


def test_it_ends_after_a_hundred_messages() -> None:
    harness = room_with()
    harness.join("q", "cron", quiet=True)
    harness.handle("q", *(m.Say("а", str(number)) for number in range(60)))
    harness.handle("q", *(m.Say("а", str(number)) for number in range(60, 120)))
    *acks, end = harness.summary("q")
    assert (len(acks), end) == (100, "bye quiet")
    assert harness.history.last == 100


def test_password_bans_and_mutes_hold() -> None:
    harness = RoomHarness(password="сезам")
    assert harness.try_join("q", m.Join("cron", quiet=True)) == ["error password_required"]
    harness.join("q", "cron", password="сезам", quiet=True)

    harness = moderated_room()
    harness.addresses["q"] = "203.0.113.7"
    harness.join("q", "cron", quiet=True)
    harness.moderate("a", "mute", "cron")
    harness.handle("q", m.Say("раз", "r"))
    assert harness.summary("q") == ["error muted r"]
    harness.moderate("a", "unmute", "cron")
    harness.moderate("a", "kick", "cron")
    assert harness.summary("q") == ["bye kicked"]
    harness.join("q", "cron", quiet=True)
    harness.received("c")
    ban(harness, "203.0.113.0/24")
    assert harness.summary("q") == ["error banned", "bye banned"]
    assert harness.try_join("q", m.Join("cron", quiet=True)) == ["error banned", "bye banned"]


def test_kicking_a_member_ends_its_quiet_connections_too() -> None:
    harness = moderated_room()
    harness.join("q", "", session=SECRET, quiet=True)
    harness.moderate("a", "kick", "Боб")
    assert harness.summary("q") == ["bye kicked"]
    assert harness.summary("c")[-1] == "left Боб kicked"
    harness.join("b2", "Боб", session=OTHER)


def test_kicking_an_absent_member_ends_its_quiet_connections_too() -> None:
    harness = moderated_room()
    harness.leave("b")
    harness.join("q", "", session=SECRET, quiet=True)
    harness.moderate("a", "kick", "Боб")
    assert harness.summary("q") == ["bye kicked"]
    assert harness.summary("c")[-1] == "left Боб kicked"
    harness.join("b", "Боб", session=OTHER)


def test_the_oldest_of_too_many_is_replaced() -> None:
    harness = room_with()
    for number in range(17):
        harness.join(f"q{number}", "cron", session=SECRET, quiet=True)
    assert harness.summary("q0") == ["bye replaced"]
    assert harness.try_join("b", m.Join("cron")) == ["error name_taken"]


def test_a_role_does_not_outlast_its_member() -> None:
    harness = RoomHarness(moderator_password="страж")
    harness.join_as_moderator("a", "Анна", session=SECRET)
    harness.join("q", "", session=SECRET, quiet=True)
    harness.leave("a", hold_name=False)
    assert not harness.join("a", "Анна", session=SECRET).moderator
