"""What a room promises for some time, asked of servers whose clocks are wrong: all must keep to it alike."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from chat_protocol.address import Address
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT, eventually

_LONG = 600
_SHORT = 1
"""Seconds of bans and mutes."""


def assert_alike(servers: Sequence[Address], password: str) -> None:
    """Ban, mute, and use what ends by itself, through each of the servers; `password` is the moderators'."""
    with ExitStack() as clients:
        people = [clients.enter_context(JsonClient(server, TIMEOUT)) for server in (*servers, servers[-1])]
        for number, person in enumerate(people):
            person.join(f"person {number}", history=0)
        *people, moderator = people
        _ask(moderator, "role", type="authenticate", password=password)
        _sanction(moderator, servers, people)
        for number, person in enumerate(people):
            code = _ask(person, "link", type="link")["code"]
            said = _ask(person, "ack", type="say", ref="say", text="one")["id"]
            _ask(person, "changed", type="edit", ref="edit", id=said, text=f"two of {number}")
            people[number - 1].read_until(f'"two of {number}"')  # its server knows the code, too
            with JsonClient(servers[number - 1], TIMEOUT) as other:
                assert other.join("", code=code)["resumed"]
            assert _ask(person, "changed", type="delete", ref="delete", id=said)["message"]["deleted"]
            people[number - 1].read_until('"deleted":true')
            people[number - 1].read_line()


def _sanction(moderator: JsonClient, servers: Sequence[Address], people: Sequence[JsonClient]) -> None:
    """Ban addresses, and mute the output of people, who are on one of the servers each."""

    def do(act: str, target: str, seconds: int) -> None:
        """Act as the moderator, and wait until all servers have heard of it."""
        notice = _ask(moderator, "message", type="moderate", act=act, target=target, seconds=seconds)
        for person in people:
            person.read_until(f'"id":{notice["id"]},')
            person.read_line()

    outputs = []
    for person in people:
        live = _ask(person, "ack", type="start", ref="start", title="make")["id"]
        outputs.append({"type": "output", "id": live, "offset": 0, "text": "1\n"})
    do("ban", "203.0.113.7", _LONG)
    do("ban", "203.0.113.8", _SHORT)
    for number in range(len(people)):
        do("mute", f"person {number}", _LONG)
    for server, person, output in zip(servers, people, outputs, strict=True):
        assert _is_banned(server, "203.0.113.7")
        muted = _ask(person, "error", **output)
        assert muted["code"] == "muted"
        assert 0 < muted["retry_after"] <= _LONG
    for number in range(len(people)):
        do("mute", f"person {number}", _SHORT)
    for server, person, output in zip(servers, people, outputs, strict=True):
        eventually(lambda one: not _is_banned(one, "203.0.113.8"), server)
        eventually(lambda one, asked: "received" in _types(one, asked), person, output)


def _ask(client: JsonClient, kind: str, **request: Any) -> dict[str, Any]:
    """Return the newest event of a kind, once a request was carried out."""
    client.say_json(**request)
    seen = client.fence()
    found = [event for event in seen if event["type"] == kind]
    assert found, f"{request}: {seen}"
    return found[-1]


def _types(client: JsonClient, request: dict[str, Any]) -> set[str]:
    """Return the types of what comes of a request."""
    client.say_json(**request)
    return {event["type"] for event in client.fence()}


def _is_banned(server: Address, host: str) -> bool:
    """Return whether who comes from there through a trusted proxy is not let in."""
    with JsonClient(server, TIMEOUT) as client:
        client.send(f"PROXY TCP4 {host} 127.0.0.1 40000 8080\r\n")
        client.say_json(type="join", name="from there", history=0)
        client.say_json(type="leave")
        said = client.read_to_end()
        assert b'"banned"' in said or b'"welcome"' in said, said
        return b'"welcome"' not in said
