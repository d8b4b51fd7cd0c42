"""The checks and headers of all routes, and the health check, through Flask's test client."""

from collections.abc import Iterator
from ipaddress import ip_network
from socket import gethostname

import pytest
from flask.testing import FlaskClient

from tests.web_gateway.conftest import Room, client_of
from web_gateway.admission import Admission
from web_gateway.app import assets
from web_gateway.config import Config

FILE = f"/static/{assets().version}/js/model/room.js"


@pytest.fixture
def client(room: Room) -> Iterator[FlaskClient]:
    with client_of(Config(server=(room.address,))) as client:
        yield client


def test_a_page_that_is_refused_is_told_that_the_gateway_stops(client: FlaskClient) -> None:
    client.application.extensions["gateway"].admission.close()
    answer = client.get("/ws")
    assert (answer.status_code, answer.headers["X-Refused-By"]) == (503, "stopping")


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/ws", "/version", FILE, "/static/nothing.js"])
def test_every_answer_is_secured(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    scripts, _, inline = policy["script-src"].partition(" 'sha256-")
    assert {scripts, policy["style-src"], policy["connect-src"]} == {"'self'"}
    assert bool(inline) == (path == "/")
    assert {policy[kind] for kind in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/version", FILE])
def test_responses_over_https_have_hsts(room: Room, path: str) -> None:
    config = Config(server=(room.address,), trusted_proxies=(ip_network("10.0.0.1"),))
    with client_of(config) as client:
        for peer, told in (("10.0.0.1", "max-age=31536000"), ("10.0.0.2", None)):
            came = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": "https"}
            with client.get(path, environ_overrides=came) as response:
                assert response.headers.get("Strict-Transport-Security") == told


@pytest.mark.parametrize(
    ("config", "host", "status"),
    [
        (Config(), "localhost", 200),
        (Config(), "localhost.", 200),
        (Config(), "localhost.:5000", 200),
        (Config(), "localhost..", 400),
        (Config(), "chat.localhost.", 200),
        (Config(), "127.0.0.1.", 200),
        (Config(), "chat.example.", 421),
        (Config(host="Chat.example."), "chat.example", 200),
        (Config(allowed_hosts=("chat.example",)), "chat.example.", 200),
        (Config(), gethostname(), 200),
        (Config(), f"{gethostname()}.", 200),
        (Config(), "chat.example", 421),
        (Config(host="chat.example"), "chat.example", 200),
        (Config(allowed_origins=("https://chat.example:81",)), "chat.example", 200),
        (Config(allowed_origins=("https://chat.example",)), "127.0.0.1", 200),
        (Config(public_url="https://chat.example/room/"), "chat.example", 200),
        (Config(public_url="https://chat.example/"), "127.0.0.1", 200),
        (Config(public_url="http://192.0.2.7/", allowed_hosts=("chat.example",)), "192.0.2.7", 200),
        (Config(allowed_hosts=("chat.example",)), "chat.example:5000", 200),
        (Config(allowed_hosts=("chat.example",)), "127.0.0.1", 421),
        (Config(allowed_hosts=("127.0.0.1", "[::1]")), "127.0.0.1:5000", 200),
        (Config(allowed_hosts=("127.0.0.1", "[::1]")), "[::1]:5000", 200),
        (Config(allowed_hosts=("127.0.0.1", "[::1]")), "localhost", 421),
    ],
)
def test_the_page_is_served_under_known_hosts(config: Config, host: str, status: int) -> None:
    with client_of(config) as client:
        assert client.get("/", headers={"Host": host}).status_code == status


def test_an_unknown_host_is_explained_in_both_languages(client: FlaskClient) -> None:
    for language, words in (("ru", "Под этим именем чата нет"), ("en", "not served under this name")):
        answer = client.get("/", headers={"Host": "evil.example", "Accept-Language": language}).text
        assert words in answer
        assert "--allowed-host" in answer
        assert "evil" not in answer


def test_an_exception_is_one_sentence_in_the_response_and_one_line_in_the_log(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Admission) -> int:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Admission, "sessions", property(fail))
    with client_of(Config(server=(room.address,))) as client:
        response = client.get("/healthz?secret")
    assert response.status_code == 500
    assert response.text == "Something went wrong on our side. Please try again.\n"
    assert caplog.messages == ["a request ends after ZeroDivisionError"]
    assert caplog.records[0].exc_info is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_posted(client: FlaskClient, method: str) -> None:
    response = client.open("/", method=method)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_health_is_ok_without_a_room_and_says_so() -> None:
    room = Room()
    room.close()
    with client_of(Config(server=(room.address,))) as client:
        response = client.get("/healthz")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json == {"status": "ok", "sessions": 0, "max_sessions": 500, "room": False}


def test_a_room_of_the_original_kind_is_not_checked(room: Room) -> None:
    with client_of(Config(server=(room.address,), dialect="plain")) as client:
        assert client.get("/healthz").json == {
            "status": "ok",
            "sessions": 0,
            "max_sessions": 500,
            "room": None,
        }
    room.expect_no_connection()
