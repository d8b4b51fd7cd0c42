"""Bans without sockets, by name, session and address."""

import pytest

from chat_protocol import messages as m
from chat_protocol.ip import to_network
from tcp_server.room.commands import TextJoin
from tcp_server.room.fold import Fold
from tcp_server.room.outcome import AudienceChange
from tests.tcp_server.room_harness import OTHER, SECRET, ban, moderated_room


def test_what_is_stored_is_the_state_also_after_a_ban_is_over() -> None:
    harness = moderated_room()
    for target in ("Гость", "192.0.2.1"):
        harness.moderate("a", "ban", target, seconds=10)
        harness.advance(20)
        ban(harness, "Другой")
        assert Fold(harness.history).state() == harness.room._fold.state()


# --- people --------------------------------------------------------------------------


def test_a_banned_member_is_expelled_and_cannot_rejoin() -> None:
    harness = moderated_room()
    harness.moderate("a", "ban", "Боб", seconds=3600, text="спам")
    told = "#1 Сервер: Анна закрывает вход на 1 ч: Боб. Причина: спам"
    assert harness.received("b")[1:] == [
        m.Error("banned", "you are banned", retry_after=3600),
        m.Bye("banned"),
    ]
    assert harness.summary("c") == [told, "left Боб banned"]
    assert harness.summary("a") == [told, "left Боб banned"]
    harness.advance(600)
    (outcome,) = harness.room.join("d", m.Join("боб"))
    assert outcome.audience_change is AudienceChange.LEAVE
    assert outcome.answer == [m.Error("banned", "you are banned", retry_after=3000.0), m.Bye("banned")]
    assert harness.try_join("e", TextJoin("БОБ")) == ["error banned", "bye banned"]
    assert harness.try_join("f", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    assert harness.received("c") == []
    harness.advance(3000)
    assert harness.join("g", "Боб", session=SECRET).name == "Боб"


def test_a_ban_without_a_duration_does_not_expire() -> None:
    harness = moderated_room()
    ban(harness, "Вера")
    harness.advance(1e9)
    (outcome,) = harness.room.join("d", TextJoin("вера"))
    assert outcome.answer == [m.Error("banned", "you are banned"), m.Bye("banned")]


def test_a_name_that_nobody_has_can_be_banned() -> None:
    harness = moderated_room()
    ban(harness, "Тролль", seconds=60)
    assert harness.try_join("d", m.Join("тролль", session=OTHER)) == ["error banned", "bye banned"]
    assert harness.join("d", "Гость", session=OTHER).name == "Гость"


def test_a_member_in_its_grace_period_can_be_banned_and_cannot_resume() -> None:
    harness = moderated_room()
    harness.leave("b")
    ban(harness, "Боб")
    assert harness.try_join("b2", m.Join("Другой", session=SECRET)) == ["error banned", "bye banned"]


def test_an_unban_admits_name_and_session_again() -> None:
    harness = moderated_room()
    ban(harness, "Боб")
    ban(harness, "Боб", seconds=60)  # replaces the ban while Боб is away: the session is kept
    assert harness.try_join("d", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    harness.moderate("a", "unban", "боб")
    assert harness.summary("c") == ["#3 Сервер: Анна снова открывает вход: Боб"]
    harness.moderate("a", "unban", "боб")
    assert harness.summary("a")[-1] == "error not_found"
    assert harness.join("b", "Боб", session=SECRET).name == "Боб"


# --- networks ------------------------------------------------------------------------


def test_a_network_ban_expels_its_members_and_is_announced_without_the_address() -> None:
    harness = moderated_room()
    harness.addresses = {"a": "198.51.100.1", "b": "203.0.113.7", "c": "203.0.114.7", "m": "203.0.113.9"}
    harness.join_as_moderator("m", "Мия")
    harness.join("d", "Дина")
    harness.addresses["d2"] = "::ffff:203.0.113.8"
    harness.join("d2", "", session=harness.join("d3", "Ева").session)
    for connection in ("a", "b", "c", "d"):
        harness.received(connection)
    harness.moderate("a", "ban", "203.0.113.77/24", seconds=86400, text="рассылка")
    told = "#1 Сервер: Анна закрывает вход по адресу на 1 д. Причина: рассылка"
    assert harness.summary("c") == [told, "left Боб banned", "left Ева banned"]
    assert harness.summary("b") == [told, "error banned", "bye banned"]
    assert set(harness.audience) == {"a", "c", "d", "m"}
    (kept,) = harness.history.before(2, 1)
    assert kept.notice == m.Notice("ban", "Анна", seconds=86400, text="рассылка")
    harness.addresses["x"] = "203.0.113.200"
    assert harness.try_join("x", m.Join("Икс")) == ["error banned", "bye banned"]
    harness.moderate("a", "unban", "203.0.113.0/24")
    assert harness.summary("a")[-1] == "#2 Сервер: Анна снова открывает вход по адресу"
    assert harness.join("x", "Икс").name == "Икс"


def test_an_ipv4_mapped_address_is_the_ipv4_address() -> None:
    harness = moderated_room()
    harness.moderate("a", "ban", "::ffff:203.0.113.7")
    harness.moderate("a", "unban", "203.0.113.7/32")
    assert harness.summary("c") == [
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "#2 Сервер: Анна снова открывает вход по адресу",
    ]


@pytest.mark.parametrize("act", ["ban", "unban"])
@pytest.mark.parametrize(
    "target",
    ["203.0.113.007", "0x7f.1", "0X7F.0.0.1", "010.1", "203.0.113.256", "203.0.113.007/24", "２０３.0.113.7"],
)
def test_an_address_in_another_notation_is_no_name(act: m.Act, target: str) -> None:
    harness = moderated_room()
    harness.moderate("a", act, target)
    assert harness.summary("a") == ["error bad_target"]


def test_a_member_may_be_banned_whose_name_resembles_an_address() -> None:
    harness = moderated_room()
    harness.join("x", "0x7f.1")
    harness.received("a")
    harness.moderate("a", "ban", "0x7f.1")
    assert harness.summary("a") == ["#1 Сервер: Анна закрывает вход навсегда: 0x7f.1", "left 0x7f.1 banned"]
    harness.moderate("a", "unban", "0x7f.1")
    assert harness.summary("a") == ["#2 Сервер: Анна снова открывает вход: 0x7f.1"]


@pytest.mark.parametrize("network", ["2001:db8::5", "2001:db8::5/128", "2001:db8:0:0:ffff::/80"])
def test_an_ipv6_ban_covers_the_whole_subscriber_prefix(network: str) -> None:
    harness = moderated_room()
    harness.addresses = {"b": "2001:db8::6", "c": "2001:db8:0:1::5", "x": "2001:db8::ffff:0:0:1"}
    harness.moderate("a", "ban", network)
    assert harness.summary("b")[-1] == "bye banned"
    assert set(harness.audience) == {"a", "c"}
    assert harness.try_join("x", m.Join("Икс")) == ["error banned", "bye banned"]
    harness.received("a")
    harness.handle("a", m.Bans())
    (listed,) = harness.received("a")
    assert isinstance(listed, m.Bans)
    assert [entry.target for entry in listed.bans] == ["2001:db8::/64"]
    harness.moderate("a", "unban", "2001:db8::7")
    assert harness.summary("a") == ["#2 Сервер: Анна снова открывает вход по адресу"]
    assert harness.join("x", "Икс").name == "Икс"


@pytest.mark.parametrize(
    "network",
    ["0.0.0.0/0", "10.0.0.0/7", "127.0.0.1", "::1", "::/0", "2000::/15", "::ffff:0:0/96", "192.0.2.0/24"],
)
def test_a_ban_of_too_many_addresses_is_refused(network: str) -> None:
    harness = moderated_room(trusted_proxies=(to_network("192.0.2.5"), to_network("2001:db8::/64")))
    harness.moderate("a", "ban", network)
    assert harness.summary("a") == ["error too_many"]
    assert harness.received("c") == []


def test_moderators_cannot_ban_their_own_address() -> None:
    harness = moderated_room()
    harness.addresses = {"a": "203.0.113.1", "b": "203.0.113.7"}
    harness.moderate("a", "ban", "203.0.113.0/24")
    harness.moderate("a", "ban", "203.0.113.7")
    assert harness.summary("a") == [
        "error too_many",
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "left Боб banned",
    ]
