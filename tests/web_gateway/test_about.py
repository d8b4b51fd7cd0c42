"""Which room this is, over HTTP: asked of the room without joining, and kept for some seconds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from chat_protocol.address import Address
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Room, client_of
from web_gateway.config import Config
from web_gateway.recent import Recent


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    flags = ("--host=127.0.0.1", "--port=0", "--title=Класс", "--trusted-proxy=127.0.0.1")
    with running("tcp_server", *flags) as program:
        yield program


def told(*servers: Address, **settings: Any) -> Any:
    """Return what a new gateway tells."""
    with client_of(Config(server=servers, **settings)) as client:
        answer = client.get("/about")
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.get_json()


def test_it_has_what_the_room_says_and_the_invitation(server: Program) -> None:
    invitation = {"public_url": "https://chat.example/", "public_room": "chat.example"}
    with JsonClient(server.address) as anna:
        anna.join("Анна")
        assert told(server.address, proxy_protocol=True, **invitation) == {
            "title": "Класс",
            "count": 1,
            "names": ["Анна"],
            "password": False,
            "url": "https://chat.example/",
            "room": "chat.example",
        }
        assert anna.fence() == []
        anna.leave()


def test_a_server_that_is_not_there_is_passed_over(server: Program, closed_address: Address) -> None:
    for _ in range(3):  # they are tried in random order
        assert told(closed_address, server.address)["title"] == "Класс"


def test_without_an_answer_there_is_only_the_invitation(room: Room, closed_address: Address) -> None:
    assert told(closed_address, public_room="a:9") == {"room": "a:9"}
    assert told(room.address, dialect="plain") == {}
    room.expect_no_connection()  # the original server would announce it


@pytest.mark.parametrize("answer", ['{"type":"error","code":"unknown_type","text":""}\n', "nonsense\n"])
def test_an_older_room_says_nothing(room: Room, answer: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(told, room.address)
        end = room.accept()
        assert end.read_line() == '{"type":"about"}'
        end.send(answer)
        assert asked.result(TIMEOUT) == {}


def test_the_room_is_asked_once_for_many() -> None:
    numbers = count(1)
    recent = Recent(lambda: next(numbers), 60)
    assert recent.last_known is None
    assert [recent.get(), recent.get(), recent.last_known] == [1, 1, 1]
    always = Recent(lambda: next(numbers), -1)
    assert [always.get(), always.get()] == [2, 3]
