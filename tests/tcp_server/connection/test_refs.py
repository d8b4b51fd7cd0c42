"""Every command may carry a `ref`, and its answer and its error carry it back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    environment = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "secret"}
    with running(
        "tcp_server", "--host", "127.0.0.1", "--port", "0", "--grace", "0", env=environment
    ) as program:
        yield program


@pytest.fixture
def client(server: Program) -> Iterator[JsonClient]:
    with JsonClient(server.address) as joined:
        joined.join("Anna")
        yield joined
        joined.leave()


def ask(client: JsonClient, **command: Any) -> list[dict[str, Any]]:
    """Send a command with a ref, and return its answers."""
    client.say_json(ref="the ref", **command)
    return client.fence()


ANSWERED = [
    ({"type": "say", "text": "hello"}, "ack"),
    ({"type": "history"}, "history"),
    ({"type": "search", "query": "hello"}, "found"),
    ({"type": "authenticate", "password": "secret"}, "role"),
]

REFUSED = [
    ({"type": "join", "name": "Bob"}, "already_joined"),
    ({"type": "say", "text": " "}, "blank"),
    ({"type": "history", "limit": -1}, "bad_field"),
    ({"type": "bans"}, "not_moderator"),
    ({"type": "whois", "name": "Anna"}, "not_moderator"),
    ({"type": "moderate", "act": "kick", "target": "Anna"}, "not_moderator"),
    ({"type": "authenticate", "password": "wrong"}, "password_wrong"),
    ({"type": "dance"}, "unknown_type"),
]


@pytest.mark.parametrize(("command", "answer"), ANSWERED, ids=str)
def test_an_answer_carries_the_ref(client: JsonClient, command: dict[str, Any], answer: str) -> None:
    client.say_json(ref="the ref", **command)
    client.expect_json(type=answer, ref="the ref")


@pytest.mark.parametrize(("command", "code"), REFUSED, ids=str)
def test_an_error_carries_the_ref(client: JsonClient, command: dict[str, Any], code: str) -> None:
    client.say_json(ref="the ref", **command)
    client.expect_json(type="error", code=code, ref="the ref")


def test_a_pong_and_a_goodbye_carry_the_ref(server: Program) -> None:
    with JsonClient(server.address) as client:
        client.join("Bob")
        client.say_json(type="ping", ref="1")
        client.expect_json(type="pong", ref="1")
        client.say_json(type="leave", ref="2")
        client.expect_json(type="bye", reason="left", ref="2")


@pytest.mark.usefixtures("client")
def test_a_join_carries_the_ref(server: Program) -> None:
    with JsonClient(server.address) as other:
        other.expect(PROMPT)
        other.say_json(type="ping", ref="0")
        other.expect_json(type="error", code="join_first", ref="0")
        other.say_json(type="join", name="Anna", ref="1")
        other.expect_json(type="error", code="name_taken", ref="1")
        other.say_json(type="join", name="Bob", ref="2")
        other.expect_json(type="welcome", ref="2")
        other.leave()


def test_a_leave_before_the_join_carries_the_ref(server: Program) -> None:
    with JsonClient(server.address) as client:
        client.expect(PROMPT)
        client.say_json(type="leave", ref="1")
        client.expect_json(type="bye", reason="left", ref="1")


def test_the_ref_of_a_moderator_command_is_sent_to_nobody_else(server: Program) -> None:
    with JsonClient(server.address) as anna, JsonClient(server.address) as bob:
        anna.join("Anna")
        bob.join("Bob")
        anna.fence()
        ask(anna, type="authenticate", password="secret")
        assert [event["ref"] for event in ask(anna, type="bans")] == ["the ref"]
        assert [event["ref"] for event in ask(anna, type="whois", name="Bob")] == ["the ref"]
        [refusal] = ask(anna, type="moderate", act="unmute", target="Bob")
        assert (refusal["code"], refusal["ref"]) == ("not_found", "the ref")
        [notice, ack] = ask(anna, type="moderate", act="announce", text="hello")
        assert (notice["type"], "ref" in notice) == ("message", False)
        assert (ack["type"], ack["ref"], ack["id"]) == ("ack", "the ref", notice["id"])
        anna.say_json(type="typing", ref="the ref")
        anna.say_json(type="moderate", act="kick", target="Bob", ref="the ref of the kick")
        heard = bob.read_to_end().decode()
        assert "typing" in heard
        assert "the ref" not in heard


def test_answers_without_a_ref_are_as_before(client: JsonClient) -> None:
    client.say_json(type="authenticate", password="secret")
    client.expect_json(type="role")
    client.say_json(type="moderate", act="announce", text="hello")
    assert [event["type"] for event in client.fence()] == ["message"]


def test_the_answers_to_two_commands_are_told_apart_by_ref(client: JsonClient) -> None:
    """Of two searches at once the second is refused, and the next command gets its own answer."""
    client.say_json(type="search", query="hello", ref="first")
    client.say_json(type="search", query="hello", ref="second")
    client.say_json(type="bans", ref="third")
    answers: dict[str, str] = {}
    while len(answers) < 3:
        event = client.read_json()
        answers[event["ref"]] = event.get("code", event["type"])
    assert answers["first"] == "found"
    assert answers["second"] in ("too_fast", "found")  # the first may have been answered by then
    assert answers["third"] == "not_moderator"
