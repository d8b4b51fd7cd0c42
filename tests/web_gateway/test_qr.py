"""QR codes over HTTP."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.web_gateway.conftest import Room, client_of
from web_gateway.config import Config


@pytest.fixture
def client(room: Room) -> Iterator[FlaskClient]:
    with client_of(Config(server=(room.address,))) as client:
        yield client


def test_a_code_is_a_square_of_modules_with_three_finders(client: FlaskClient) -> None:
    answer = client.post("/qr", data=b"https://chat.example/#code=7QX4-M2PK")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = answer.get_json()["rows"]
    assert len({len(rows), *map(len, rows)}) == 1
    assert set("".join(rows)) == {"0", "1"}
    finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    assert [row[:7] for row in rows[:7]] == [row[-7:] for row in rows[:7]] == finder
    assert [row[:7] for row in rows[-7:]] == finder


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"\xff", 400), (b"x" * 513, 413)])
def test_what_is_no_text_or_too_long_is_refused(client: FlaskClient, body: bytes, status: int) -> None:
    assert client.post("/qr", data=body).status_code == status


def test_the_longest_text_has_a_code(client: FlaskClient) -> None:
    assert len(client.post("/qr", data=b"\xd0\xb6" * 256).get_json()["rows"]) == 81


def test_a_code_is_not_in_an_address(client: FlaskClient) -> None:
    assert client.get("/qr?text=secret").status_code == 405
