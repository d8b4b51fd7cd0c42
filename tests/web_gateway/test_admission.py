"""Limits by address: how many sessions and requests a minute, and what one who is refused is told."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.hostile.raw_http import Answer, ask, request
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Room, Serving, serving_by_gunicorn
from web_gateway.admission import Admission, Refusal
from web_gateway.config import Config

ANNA, BORIS = "203.0.113.7", "203.0.113.8"


def test_new_sessions_of_an_address_are_limited_by_the_minute() -> None:
    admission = Admission(Config(joins=3))
    for _ in range(3):
        assert admission.admit(ANNA) is None
        admission.release(ANNA)
    for refusal in (admission.admit(ANNA), admission.would_refuse(ANNA)):
        assert refusal
        assert refusal.status == HTTPStatus.TOO_MANY_REQUESTS
        assert 19 <= refusal.retry_after <= 20.001
    assert admission.sessions == 0
    assert admission.admit(BORIS) is admission.would_refuse(BORIS) is None


def test_a_question_counts_nothing() -> None:
    admission = Admission(Config(joins=1))
    for _ in range(5):
        assert admission.would_refuse(ANNA) is None
    assert admission.admit(ANNA) is None


def test_places_are_limited_in_all_and_by_address() -> None:
    admission = Admission(Config(max_sessions=2, max_per_address=1))
    assert admission.admit(ANNA) is None
    for refusal in (admission.admit(ANNA), admission.would_refuse(ANNA)):
        assert refusal == Refusal(HTTPStatus.TOO_MANY_REQUESTS, "max_per_address", 1)
    assert admission.admit(BORIS) is None
    for refusal in (admission.admit("203.0.113.9"), admission.would_refuse("127.0.0.1")):
        assert refusal == Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "max_sessions", 1)


def test_this_machine_and_a_limit_of_0_are_exempt() -> None:
    for admission, address in (
        (Admission(Config(joins=1, requests=1)), "127.0.0.1"),
        (Admission(Config(joins=0, requests=0)), ANNA),
    ):
        for _ in range(10):
            assert admission.admit(address) is None
            assert admission.would_refuse(address) is None
            assert admission.take_request(address) is None


@pytest.fixture(scope="module")
def limited(module_room: Room) -> Iterator[Serving]:
    flags = ("--joins", "2", "--requests", "9", "--trusted-proxy", "127.0.0.1")
    with serving_by_gunicorn(module_room.address, *flags) as serving:
        yield serving


def _ask(serving: Serving, client: str, path: str, language: str = "en") -> Answer:
    """Send a request through a trusted proxy."""
    headers = (f"X-Forwarded-For: {client}", f"Accept-Language: {language}")
    return ask(serving.address, request(path, *headers))


def _retry_after(answer: Answer) -> int:
    return int(answer.header("Retry-After") or 0)


def _browse(serving: Serving, client: str) -> ClientConnection:
    headers = {"X-Forwarded-For": client}
    return connect(f"ws://{serving.address}/ws", additional_headers=headers, open_timeout=TIMEOUT)


def test_a_crowd_from_one_address_is_refused_for_a_while(limited: Serving, room: Room) -> None:
    for _ in range(2):
        with _browse(limited, ANNA):
            room.accept()
    with pytest.raises(InvalidStatus, match="429") as refused, _browse(limited, ANNA):
        pass
    assert 25 <= int(refused.value.response.headers["Retry-After"]) <= 30
    room.expect_no_connection()
    with _browse(limited, BORIS):
        room.accept()
    for language, words in (("en", "Too many requests from your address"), ("ru", "Слишком много запросов")):
        answer = _ask(limited, ANNA, "/ws", language)
        assert (answer.status, 25 <= _retry_after(answer) <= 30) == (429, True)
        assert words in answer.body.decode()
    assert _ask(limited, BORIS, "/ws").status == 426


@pytest.mark.parametrize(
    ("client", "path"), [("203.0.113.10", "/"), ("203.0.113.11", "/version"), ("203.0.113.12", "/nowhere")]
)
def test_a_flood_of_requests_from_one_address_is_refused(limited: Serving, client: str, path: str) -> None:
    answers = [_ask(limited, client, path) for _ in range(10)]
    assert [answer.status == 429 for answer in answers] == [False] * 9 + [True]
    assert 1 <= _retry_after(answers[-1]) <= 7
    assert "default-src 'none'" in str(answers[-1].header("Content-Security-Policy"))
    assert _ask(limited, f"{client}0", path).status != 429
