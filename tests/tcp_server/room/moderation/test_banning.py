"""Who is kept out, without sockets: by name, by session, by address."""

import pytest

from chat_protocol import messages as m
from chat_protocol.ip import parse_network
from tcp_server.room.commands import TextJoin
from tests.tcp_server.court import OTHER, SECRET, ban, room, tries

# --- ban: people ---------------------------------------------------------------------


def test_a_banned_name_goes_and_is_kept_out() -> None:
    hall = room()
    hall.act("a", "ban", "Боб", seconds=3600, text="спам")
    told = "#1 Сервер: Анна закрывает вход на 1 ч: Боб. Причина: спам"
    assert hall.heard("b")[1:] == [m.Error("banned", "you are kept out", retry_after=3600), m.Bye("banned")]
    assert hall.summary("c") == [told, "left Боб banned"]
    assert hall.summary("a") == [told, "left Боб banned"]
    hall.wait(600)
    (outcome,) = hall.room.join("d", m.Join("боб"))
    assert outcome.presence.value == "leaves"
    assert outcome.answer == [m.Error("banned", "you are kept out", retry_after=3000.0), m.Bye("banned")]
    assert tries(hall, "e", TextJoin("БОБ")) == ["error banned", "bye banned"]
    assert tries(hall, "f", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    assert hall.heard("c") == []
    hall.wait(3000)
    assert hall.join("g", "Боб", session=SECRET).name == "Боб"


def test_a_ban_for_good_has_no_end() -> None:
    hall = room()
    ban(hall, "Вера")
    hall.wait(1e9)
    (outcome,) = hall.room.join("d", TextJoin("вера"))
    assert outcome.answer == [m.Error("banned", "you are kept out"), m.Bye("banned")]


def test_a_name_is_kept_out_that_nobody_has() -> None:
    hall = room()
    ban(hall, "Тролль", seconds=60)
    assert tries(hall, "d", m.Join("тролль", session=OTHER)) == ["error banned", "bye banned"]
    assert hall.join("d", "Гость", session=OTHER).name == "Гость"


def test_who_is_only_awaited_can_be_banned_and_does_not_come_back() -> None:
    hall = room()
    hall.leave("b")
    ban(hall, "Боб")
    assert tries(hall, "b2", m.Join("Другой", session=SECRET)) == ["error banned", "bye banned"]


def test_an_unban_lets_name_and_session_in_again() -> None:
    hall = room()
    ban(hall, "Боб")
    ban(hall, "Боб", seconds=60)  # passed again while Боб is away: the session is still known
    assert tries(hall, "d", m.Join("Карл", session=SECRET)) == ["error banned", "bye banned"]
    hall.act("a", "unban", "боб")
    assert hall.summary("c") == ["#3 Сервер: Анна снова открывает вход: Боб"]
    hall.act("a", "unban", "боб")
    assert hall.summary("a")[-1] == "error not_found"
    assert hall.join("b", "Боб", session=SECRET).name == "Боб"


# --- ban: places ---------------------------------------------------------------------


def test_a_banned_network_is_emptied_and_the_room_is_not_told_which() -> None:
    hall = room()
    hall.addresses = {"a": "198.51.100.1", "b": "203.0.113.7", "c": "203.0.114.7", "m": "203.0.113.9"}
    hall.enthrone("m", "Мия")
    hall.join("d", "Дина")
    hall.addresses["d2"] = "::ffff:203.0.113.8"
    hall.join("d2", "", session=hall.join("d3", "Ева").session)
    for connection in ("a", "b", "c", "d"):
        hall.heard(connection)
    hall.act("a", "ban", "203.0.113.77/24", seconds=86400, text="рассылка")
    told = "#1 Сервер: Анна закрывает вход по адресу на 1 д. Причина: рассылка"
    assert hall.summary("c") == [told, "left Боб banned", "left Ева banned"]
    assert hall.summary("b") == [told, "error banned", "bye banned"]
    assert set(hall.audience) == {"a", "c", "d", "m"}
    (kept,) = hall.history.before(2, 1)
    assert kept.notice == m.Notice("ban", "Анна", seconds=86400, text="рассылка")
    hall.addresses["x"] = "203.0.113.200"
    assert tries(hall, "x", m.Join("Икс")) == ["error banned", "bye banned"]
    hall.act("a", "unban", "203.0.113.0/24")
    assert hall.summary("a")[-1] == "#2 Сервер: Анна снова открывает вход по адресу"
    assert hall.join("x", "Икс").name == "Икс"


def test_ipv4_in_the_clothes_of_ipv6_is_one_address() -> None:
    hall = room()
    hall.act("a", "ban", "::ffff:203.0.113.7")
    hall.act("a", "unban", "203.0.113.7/32")
    assert hall.summary("c") == [
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "#2 Сервер: Анна снова открывает вход по адресу",
    ]


@pytest.mark.parametrize("network", ["2001:db8::5", "2001:db8::5/128", "2001:db8:0:0:ffff::/80"])
def test_a_ban_of_ipv6_is_of_all_the_addresses_that_one_customer_has(network: str) -> None:
    hall = room()
    hall.addresses = {"b": "2001:db8::6", "c": "2001:db8:0:1::5", "x": "2001:db8::ffff:0:0:1"}
    hall.act("a", "ban", network)
    assert hall.summary("b")[-1] == "bye banned"
    assert set(hall.audience) == {"a", "c"}
    assert tries(hall, "x", m.Join("Икс")) == ["error banned", "bye banned"]
    hall.heard("a")
    hall.do("a", m.Bans())
    (listed,) = hall.heard("a")
    assert isinstance(listed, m.Bans)
    assert [entry.target for entry in listed.bans] == ["2001:db8::/64"]
    hall.act("a", "unban", "2001:db8::7")
    assert hall.summary("a") == ["#2 Сервер: Анна снова открывает вход по адресу"]
    assert hall.join("x", "Икс").name == "Икс"


@pytest.mark.parametrize(
    "network",
    ["0.0.0.0/0", "10.0.0.0/7", "127.0.0.1", "::1", "::/0", "2000::/15", "::ffff:0:0/96", "192.0.2.0/24"],
)
def test_networks_that_would_shut_out_too_many_are_refused(network: str) -> None:
    hall = room(trusted_proxy=(parse_network("192.0.2.5"), parse_network("2001:db8::/64")))
    hall.act("a", "ban", network)
    assert hall.summary("a") == ["error too_many"]
    assert hall.heard("c") == []


def test_a_moderator_cannot_shut_the_door_on_the_own_address() -> None:
    hall = room()
    hall.addresses = {"a": "203.0.113.1", "b": "203.0.113.7"}
    hall.act("a", "ban", "203.0.113.0/24")
    hall.act("a", "ban", "203.0.113.7")
    assert hall.summary("a") == [
        "error too_many",
        "#1 Сервер: Анна закрывает вход по адресу навсегда",
        "left Боб banned",
    ]
