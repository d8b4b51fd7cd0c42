"""A crowd over real connections: what each dialect is sent when a room becomes one, and when it ends."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient

CROWD = 20
LOCAL = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--crowd", str(CROWD), "--grace", "0")


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    with running("tcp_server", *LOCAL) as program:
        yield program


def read_until(client: JsonClient, type_: str) -> tuple[dict[str, Any], set[str]]:
    """Return the first event of a type, and the types of those before it."""
    before = set()
    while (event := client.read_json())["type"] != type_:
        before.add(event["type"])
    return event, before


def test_a_crowd_from_its_beginning_to_its_end(server: Program) -> None:
    with RawClient(server.address) as text, JsonClient(server.address) as first:
        first.join("имя 00")
        text.join_lines("Вера")
        first.expect_json(type="joined", name="Вера")
        with ExitStack() as others:
            clients = [others.enter_context(JsonClient(server.address)) for _ in range(CROWD)]
            welcomes = [client.join(f"гость {number:02}") for number, client in enumerate(clients)]
            assert [welcome.get("count") for welcome in welcomes] == [None] * (CROWD - 3) + [20, 21, 22]
            for number in range(CROWD):
                text.expect(f"гость {number:02} присоединился к чату!\n")
            crowd, before = read_until(first, "crowd")
            assert before == {"joined"}
            assert (crowd["on"], crowd["count"], len(crowd["members"])) == (True, 20, 20)
            clients[0].say_json(type="typing")
            clients[0].say_json(type="say", ref="1", text="кто здесь?")
            read_until(clients[0], "ack")
            _, before = read_until(first, "message")
            assert before == set()
            assert text.read_line() == "гость 00: кто здесь?"
            first.say_json(type="people", ref="p", prefix="гость 1", after="гость 17", limit=5)
            names = ["гость 18", "гость 19"]
            page = first.expect_json(type="people", ref="p", members=names, count=22)
            assert [person["name"] for person in page["people"]] == names
        crowd, before = read_until(first, "crowd")
        assert before <= {"count"}
        assert (crowd["on"], set(crowd["members"])) == (False, {"имя 00", "Вера"})
        for _ in range(CROWD):
            assert text.read_line().endswith(" покинул чат.")
        with JsonClient(server.address) as newcomer:
            assert "count" not in newcomer.join("Пётр")
            first.expect_json(type="joined", name="Пётр")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prefix": 7}, "bad_field"),
        ({"after": None}, "bad_field"),
        ({"limit": -1}, "bad_field"),
        ({"limit": 1.5}, "bad_field"),
        ({"limit": 10**30}, "bad_field"),
        ({"prefix": "x" * 257}, "bad_field"),
        ({"after": ["x"]}, "bad_field"),
    ],
)
def test_a_bad_question_about_people_is_refused(server: Program, fields: dict[str, Any], code: str) -> None:
    with JsonClient(server.address) as client:
        client.expect(PROMPT)
        client.say_json(type="people", ref="early")
        client.expect_json(type="error", code="join_first", ref="early")
        client.say_json(type="join", name="Анна")
        client.expect_json(type="welcome")
        client.say_json(type="people", ref="r", **fields)
        client.expect_json(type="error", code=code, ref="r")
        client.say_json(type="people", ref="r", unknown=1)
        client.expect_json(type="people", ref="r", members=["Анна"], count=1)
