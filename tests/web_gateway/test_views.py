"""The page, its files and the health check, by Flask's own client."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient

from tests.web_gateway.conftest import Room
from web_gateway import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway


@contextmanager
def _client(config: Config) -> Iterator[FlaskClient]:
    app = create_app(config)
    gateway: Gateway = app.extensions["gateway"]
    gateway.start()
    with app.test_client() as client:
        yield client
    gateway.stop()


@pytest.fixture
def client(room: Room) -> Iterator[FlaskClient]:
    with _client(Config(server=room.address)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/ws", "/static/nothing.js"])
def test_every_answer_is_secured(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[kind] for kind in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_page_is_always_asked_for_again(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"


def test_files_are_sent_again_only_when_they_changed(client: FlaskClient) -> None:
    with client.get("/static/js/connection.js") as first:
        assert first.status_code == 200
        assert "javascript" in first.content_type
        assert first.headers["Cache-Control"] == "no-cache"
        seen = {"If-None-Match": first.headers["ETag"]}
    with client.get("/static/js/connection.js", headers=seen) as again:
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/static/../web_gateway/cli.py", "/static/%2e%2e/pyproject.toml"])
def test_nothing_outside_the_folder_is_a_file_of_the_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_posted(client: FlaskClient, method: str) -> None:
    response = client.open("/", method=method)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_health_is_the_gateways_own_and_says_how_the_room_is() -> None:
    room = Room()
    room.close()
    with _client(Config(server=room.address)) as client:
        response = client.get("/healthz")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json == {"status": "ok", "sessions": 0, "max_sessions": 500, "room": False}


def test_a_room_of_the_original_kind_is_not_asked(room: Room) -> None:
    with _client(Config(server=room.address, dialect="plain")) as client:
        assert client.get("/healthz").json == {
            "status": "ok",
            "sessions": 0,
            "max_sessions": 500,
            "room": None,
        }
    room.expect_nobody()
