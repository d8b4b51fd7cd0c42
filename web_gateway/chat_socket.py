"""The WebSocket route: who may come in, and the way from a browser to the room.

Each session is served in the one thread its HTTP server has given it. It opens the
session's one TCP connection and passes on what the browser says, no faster than the
room takes it. The way back is the `Relay`'s.
"""

import base64
import binascii
import io
import logging
import socket
from collections.abc import Callable
from typing import Any

import flask
from flask import Blueprint, Request, Response, request
from flask_sock import Sock

from chat_protocol.connection import Connection
from chat_protocol.contract import IDLE_TIMEOUT
from chat_protocol.errors import Banned, ConnectionFailed
from chat_protocol.proxy_header import write_header
from web_gateway.browser import POLICY, ROOM_GONE, TRY_LATER, Browser
from web_gateway.config import Config
from web_gateway.dialects import Crossing, Dialect, JsonDialect
from web_gateway.gateway import Gateway
from web_gateway.origins import may_speak
from web_gateway.plain import PlainDialect, PlainRoom
from web_gateway.refusals import refuse
from web_gateway.relay import Session

log = logging.getLogger(__name__)

_ROOM_TIMEOUT = 5.0  # seconds the room has to accept and greet


class NoReader:
    """Stands in for the thread simple-websocket would start to read in our place.

    That thread reads without measure while a handler is busy, and can leave one
    waiting for ever after an oversized message.
    """

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        pass

    def start(self) -> None:
        """Do nothing: the session's own thread reads."""


def chat_socket(gateway: Gateway) -> Blueprint:
    """Return the routes of `/ws`."""
    routes = Blueprint("chat", __name__)
    sock = Sock()

    @routes.before_request
    def enter() -> Response | None:
        if refusal := _refusal(request, gateway.config):
            return refusal
        address = request.remote_addr or ""
        if not gateway.admit(address):
            return refuse(503, {"Retry-After": "5"})
        flask.g.admitted = address
        _reduce_handshake(request.environ)
        return None

    @routes.teardown_request
    def leave(_error: BaseException | None) -> None:
        if (address := flask.g.pop("admitted", None)) is not None:
            gateway.dismiss(address)

    # `enter` refuses whatever comes here, but without a route it would not be asked.
    @routes.get("/ws")
    def no_websocket() -> Response:
        return refuse(426)

    @sock.route("/ws", bp=routes)  # type: ignore[untyped-decorator]
    def chat(websocket: Any) -> None:
        # From here on the connection is ours alone: simple-websocket must not close it again,
        # nor keep for the length of the session what it has only made for the handshake.
        websocket.connected = False
        websocket.ws = websocket.event = None
        try:
            with Browser(websocket.sock, _read_ahead(request.environ, websocket.sock)) as browser:
                _serve(browser, gateway, _source(request.environ, websocket.sock, gateway.config))
        except Exception as error:  # noqa: BLE001
            # Beyond this guard Flask would write an HTTP 500 page into the WebSocket.
            log.error("a session ends after %s", type(error).__name__)  # noqa: TRY400

    return routes


def _serve(browser: Browser, gateway: Gateway, source: bytes) -> None:
    """Serve one browser, who is told to the room by `source`, until it is gone."""
    try:
        room, dialect = _open_room(gateway.config, source)
    except Banned:
        browser.close(POLICY, "kept out")
        return
    except ConnectionFailed:
        browser.close(TRY_LATER, "the room cannot be reached")
        return
    with room, gateway.relay.carrying(Session(browser, room, dialect)) as session:
        for messages in browser.messages():
            for crossing in dialect.to_room(messages):
                _cross(session, crossing, gateway)


def _open_room(config: Config, source: bytes) -> tuple[Connection, Dialect]:
    if config.dialect == "plain":
        plain_room = PlainRoom.open(config.server, timeout=_ROOM_TIMEOUT, idle_timeout=IDLE_TIMEOUT)
        return plain_room, PlainDialect(plain_room)
    room = Connection.open(config.server, timeout=_ROOM_TIMEOUT, idle_timeout=IDLE_TIMEOUT, source=source)
    return room, JsonDialect()


def _source(environ: dict[str, Any], sock: socket.socket, config: Config) -> bytes:
    """Return the PROXY header of a browser's connection, empty where the room takes none."""
    if not config.proxy_protocol:
        return b""
    host, port = sock.getsockname()[:2]
    return write_header((environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])), (host, port))


def _cross(session: Session, crossing: Crossing, gateway: Gateway) -> None:
    if crossing.answer:
        gateway.relay.answer(session, crossing.answer)
    try:
        if crossing.room:
            session.room.send_bytes(crossing.room)
        if crossing.last:
            session.room.socket.shutdown(socket.SHUT_WR)
    except OSError:
        session.browser.close(ROOM_GONE, "the connection to the room is lost")


# --- the handshake -----------------------------------------------------------------------


def _refusal(request: Request, config: Config) -> Response | None:
    """Return the answer to a handshake that must not succeed, None to one that may.

    Looked at before flask-sock does, which would answer a bad one with a traceback.
    """
    headers = request.headers
    # A body would be taken for WebSocket frames.
    has_body = request.content_length or headers.get("Transfer-Encoding")
    if request.environ.get("SERVER_PROTOCOL") != "HTTP/1.1" or has_body:
        return refuse(400)
    host = headers.get("Host", "")
    if not may_speak(headers.get("Origin"), request.scheme, host, config.allowed_origins):
        return refuse(403)
    is_websocket = request.url_rule is not None and request.url_rule.websocket
    if not is_websocket or headers.get("Sec-WebSocket-Version") != "13":
        return refuse(426, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"})
    return None if _is_key(headers.get("Sec-WebSocket-Key", "")) else refuse(400)


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _reduce_handshake(environ: dict[str, Any]) -> None:
    """Leave of the headers only what the handshake needs, in its plainest form.

    Without `Sec-WebSocket-Extensions` there is no compression, which has no other
    off switch: it would double a session's memory and let 200 kB become 200 MB.
    """
    needed = {"HTTP_HOST", "HTTP_SEC_WEBSOCKET_KEY", "HTTP_SEC_WEBSOCKET_VERSION"}
    for name in [name for name in environ if name.startswith("HTTP_") and name not in needed]:
        del environ[name]
    environ["HTTP_CONNECTION"] = "Upgrade"
    environ["HTTP_UPGRADE"] = "websocket"


def _read_ahead(environ: dict[str, Any], sock: socket.socket) -> bytes:
    """Return what the HTTP server has read of the stream behind the handshake."""
    stream = environ["wsgi.input"]
    if isinstance(stream, io.BufferedReader):  # Werkzeug
        sock.settimeout(0)  # peek() must not wait where there is nothing
        return stream.peek()
    unread: bytes = stream.reader.unreader.take_buffered()  # gunicorn
    return unread
