"""Who is kept out, without sockets: by name, by session, by address."""

import pytest

from chat_protocol import messages as m
from chat_protocol.ip import parse_network
from tcp_server.room.commands import TextJoin
from tests.tcp_server.room_harness import OTHER, SECRET, ban, moderated_room

# --- ban: people ---------------------------------------------------------------------


def test_a_banned_name_goes_and_is_kept_out() -> None:
    harness = moderated_room()
    harness.moderate("a", "ban", "Боб", seconds=3600, text="спам")
    told = "#1 Сервер: Анна закрывает вход на 1 ч: Боб. Причина: спам"
    assert harness.received("b")[1:] == [
        m.Error("banned", "you are kept out", retry_after=3600),
        m.Bye("banned"),
    ]
    assert harness.summary("c") == [told, "left Боб banned"]
    assert harness.summary("a") == [told, "left Боб banned"]
    harness.advance(600)
    (outcome,) = harness.room.join("d", m.Join("боб"))
    assert outcome.presence.value == "leaves"
    assert outcome.answer == [m.Error("banned", "you are kept out", retry_after=3000.0), m.Bye("banned")]
    assert harness.try_join("e", TextJoin("БОБ")) == ["error banned", "bye banned"]
    assert harness.try_join("f", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    assert harness.received("c") == []
    harness.advance(3000)
    assert harness.join("g", "Боб", session=SECRET).name == "Боб"


def test_a_ban_for_good_has_no_end() -> None:
    harness = moderated_room()
    ban(harness, "Вера")
    harness.advance(1e9)
    (outcome,) = harness.room.join("d", TextJoin("вера"))
    assert outcome.answer == [m.Error("banned", "you are kept out"), m.Bye("banned")]


def test_a_name_is_kept_out_that_nobody_has() -> None:
    harness = moderated_room()
    ban(harness, "Тролль", seconds=60)
    assert harness.try_join("d", m.Join("тролль", session=OTHER)) == ["error banned", "bye banned"]
    assert harness.join("d", "Гость", session=OTHER).name == "Гость"


def test_who_is_only_awaited_can_be_banned_and_does_not_come_back() -> None:
    harness = moderated_room()
    harness.leave("b")
    ban(harness, "Боб")
    assert harness.try_join("b2", m.Join("Другой", session=SECRET)) == ["error banned", "bye banned"]


def test_an_unban_lets_name_and_session_in_again() -> None:
    harness = moderated_room()
    ban(harness, "Боб")
    ban(harness, "Боб", seconds=60)  # passed again while Боб is away: the session is still known
    assert harness.try_join("d", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    harness.moderate("a", "unban", "боб")
    assert harness.summary("c") == ["#3 Сервер: Анна снова открывает вход: Боб"]
    harness.moderate("a", "unban", "боб")
    assert harness.summary("a")[-1] == "error not_found"
    assert harness.join("b", "Боб", session=SECRET).name == "Боб"


# --- ban: places ---------------------------------------------------------------------


def test_a_banned_network_is_emptied_and_the_room_is_not_told_which() -> None:
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


def test_ipv4_in_the_clothes_of_ipv6_is_one_address() -> None:
    harness = moderated_room()
    harness.moderate("a", "ban", "::ffff:203.0.113.7")
    harness.moderate("a", "unban", "203.0.113.7/32")
    assert harness.summary("c") == [
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "#2 Сервер: Анна снова открывает вход по адресу",
    ]


@pytest.mark.parametrize("network", ["2001:db8::5", "2001:db8::5/128", "2001:db8:0:0:ffff::/80"])
def test_a_ban_of_ipv6_is_of_all_the_addresses_that_one_customer_has(network: str) -> None:
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
def test_networks_that_would_shut_out_too_many_are_refused(network: str) -> None:
    harness = moderated_room(trusted_proxy=(parse_network("192.0.2.5"), parse_network("2001:db8::/64")))
    harness.moderate("a", "ban", network)
    assert harness.summary("a") == ["error too_many"]
    assert harness.received("c") == []


def test_a_moderator_cannot_shut_the_door_on_the_own_address() -> None:
    harness = moderated_room()
    harness.addresses = {"a": "203.0.113.1", "b": "203.0.113.7"}
    harness.moderate("a", "ban", "203.0.113.0/24")
    harness.moderate("a", "ban", "203.0.113.7")
    assert harness.summary("a") == [
        "error too_many",
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "left Боб banned",
    ]
