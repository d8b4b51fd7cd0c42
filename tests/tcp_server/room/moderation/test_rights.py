"""Moderation without sockets: who is a moderator, and what is refused."""

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Help
from chat_protocol.contract import SYSTEM_NAME
from tcp_server.room.commands import HelpText
from tests.tcp_server.room_harness import RoomHarness, moderated_room


@pytest.mark.parametrize(("password", "moderated"), [("страж", True), ("", False)])
def test_a_welcome_says_whether_there_can_be_moderators(password: str, moderated: bool) -> None:
    welcome = RoomHarness(moderator_password=password).join("a", "Анна")
    assert (welcome.moderated, welcome.moderator) == (moderated, False)


def test_the_password_makes_all_connections_moderator_and_others_are_told_who_is_one() -> None:
    harness = RoomHarness(moderator_password="страж")
    session = harness.join("a", "Анна").session
    harness.join("a2", "", session=session)
    harness.join_as_text("b", "Боб")
    harness.received("a"), harness.received("a2")
    harness.handle("a", m.Authenticate("страж"), m.Authenticate("страж"))
    assert harness.summary("a") == ["role True", "role True"]
    told = [m.Person("Анна", moderator=True)]
    assert harness.received("a2") == [m.Role(moderator=True), *told]
    assert harness.received("b") == told
    harness.advance(1)
    assert harness.received("b") == []
    assert harness.join("a3", "", session=session).moderator


@pytest.mark.parametrize("tried", ["", "стра", "стражи", "СТРАЖ", "a\0b"])
@pytest.mark.parametrize("configured", ["", "страж"])
def test_a_wrong_moderator_password_is_refused(configured: str, tried: str) -> None:
    harness = RoomHarness(moderator_password=configured)
    harness.join("a", "Анна")
    harness.handle("a", m.Authenticate(tried), m.Moderate("announce", text="я"))
    assert harness.summary("a") == ["error password_wrong", "error not_moderator"]


def test_passwords_are_compared_after_unicode_normalization() -> None:
    harness = RoomHarness(moderator_password="\u0439")
    harness.join("a", "Анна")
    harness.handle("a", m.Authenticate("\u0438\u0306"))
    assert harness.summary("a") == ["role True"]


def test_a_moderator_stays_one_through_a_reconnect_but_not_after_leaving() -> None:
    harness = RoomHarness(moderator_password="страж")
    session = harness.join_as_moderator("a", "Анна").session
    harness.leave("a")
    harness.advance(10)
    assert harness.join("a2", "Анна", session=session).moderator
    harness.leave("a2", hold_name=False)
    assert not harness.join("a3", "Анна", session=session).moderator


@pytest.mark.parametrize(
    "command",
    [
        m.Moderate("kick", "Анна"),
        m.Moderate("ban", "10.0.0.1"),
        m.Moderate("delete", id=1),
        m.Moderate("announce", text="всем"),
        m.Whois("Анна"),
        m.Bans(),
    ],
)
def test_others_are_refused_moderator_commands(command: m.Moderate | m.Whois | m.Bans) -> None:
    harness = moderated_room()
    harness.handle("c", m.Say("раз"))
    harness.handle("c", command)
    assert harness.summary("c") == ["error not_moderator"]
    assert harness.summary("a") == ["#1 Вера: раз"]
    assert set(harness.audience) == {"a", "b", "c"}


@pytest.mark.parametrize("act", ["kick", "ban", "mute"])
def test_an_action_against_a_moderator_is_refused(act: m.Act) -> None:
    harness = moderated_room()
    harness.handle("b", m.Authenticate("страж"))
    for connection in "abc":
        harness.received(connection)
    harness.moderate("a", act, "боб")
    harness.moderate("a", act, "Анна")
    assert harness.summary("a") == ["error is_moderator"] * 2
    harness.leave("b")  # also while disconnected
    harness.moderate("a", act, "Боб")
    assert harness.summary("a") == ["error is_moderator"]
    assert harness.received("c") == []


@pytest.mark.parametrize("act", ["kick", "mute", "unmute", "unban"])
@pytest.mark.parametrize("target", ["Гость", "10.0.0.1", "боб2"])
def test_an_action_against_an_unknown_target_is_refused(act: m.Act, target: str) -> None:
    harness = moderated_room()
    harness.moderate("a", act, target)
    no_name = target == "10.0.0.1" and act in ("kick", "mute")
    assert harness.summary("a") == ["error bad_target" if no_name else "error not_found"]
    assert harness.received("c") == []


@pytest.mark.parametrize(
    ("act", "target"),
    [("kick", "Гость 2"), ("unmute", "Боб"), ("unban", "Боб"), ("unban", "2001:DB8::7"), ("delete", "#9")],
)
def test_not_found_names_the_target(act: m.Act, target: str) -> None:
    harness = moderated_room()
    if act == "delete":
        harness.moderate("a", act, id=int(target[1:]))
    else:
        harness.moderate("a", act, target)
    assert harness.received("a") == [m.Error("not_found", target)]


@pytest.mark.parametrize(
    "target", ["", " ", "a:b", "\x1b", "я" * 40, SYSTEM_NAME, "10.0.0.0/33", "2001:db8::/a", "10.0.0"]
)
def test_an_invalid_target_cannot_be_banned(target: str) -> None:
    harness = moderated_room()
    harness.moderate("a", "ban", target)
    allowed = target == "10.0.0"  # a valid name
    assert harness.summary("a") == (
        ["#1 Сервер: Анна закрывает вход навсегда: 10.0.0"] if allowed else ["error bad_target"]
    )


@pytest.mark.parametrize(
    "name", ["203.0.113.7", "\uff12\uff10\uff13.0.113.7", "203.0.113.0/24", "10.0.0.1/x"]
)
def test_a_name_that_looks_like_an_address_is_invalid(name: str) -> None:
    assert RoomHarness().try_join("b", m.Join(name)) == ["error name_invalid"]


def test_help_shows_more_to_moderators() -> None:
    harness = moderated_room()
    harness.handle("a", Help())
    harness.handle("c", Help())
    assert harness.received("a") == [HelpText(moderator=True)]
    assert harness.received("c") == [HelpText(moderator=False)]
