"""The WebSocket route, and the direction from a browser to the room.

Each session runs in the thread of its HTTP request: it opens the session's TCP
connection to the room and passes on what the browser sends, no faster than the room reads. The
`Relay` does the other direction.
"""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

import flask
from flask import Blueprint, Response, request
from flask_sock import Sock
from websockets.frames import CloseCode

from chat_protocol.codec import encode
from chat_protocol.connection import Connection
from chat_protocol.contract import ANSWER_TIMEOUT
from chat_protocol.errors import Banned, ConnectionFailed, RoomFull
from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from chat_protocol.messages import Bye
from chat_protocol.tally import tally
from web_gateway.browser import Browser, text_frame
from web_gateway.config import Config
from web_gateway.dialects import Dialect, JsonDialect, Translation
from web_gateway.forwarded import room_header
from web_gateway.gateway import Gateway
from web_gateway.handshake import handshake_error, read_ahead, reduce_headers
from web_gateway.plain import PlainDialect, PlainRoom
from web_gateway.refusals import refuse, refuse_for_now
from web_gateway.relay import BridgeSession

log = logging.getLogger(__name__)

_ROOM_TIMEOUT = 5.0  # seconds to connect to the room and read its prompt


class NoReaderThread:
    """Replaces the thread in which simple-websocket would read.

    That thread reads without limit while a handler is busy, and may never wake a handler
    after an oversized message.
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
    def admit() -> Response | None:
        address = request.remote_addr or ""
        if response := handshake_error(request, gateway.config.origins):
            # A page asks with a plain request why its WebSocket was refused: browsers do not tell it.
            asks = response.status_code == HTTPStatus.UPGRADE_REQUIRED
            if response.status_code == HTTPStatus.FORBIDDEN:
                log_often(WARNING, "refused", reason="origin", status=403, address=address)
            refusal = gateway.admission.would_refuse(address) if asks else None
            return refuse_for_now(refusal) if refusal else response
        if refusal := gateway.admission.admit(address):
            return refuse_for_now(refusal)
        flask.g.admitted = address
        reduce_headers(request.environ)
        return None

    @routes.teardown_request
    def release(_error: BaseException | None) -> None:
        if (address := flask.g.pop("admitted", None)) is not None:
            gateway.admission.release(address)

    # Never called: `admit` refuses such a request, but runs only for a known route.
    @routes.get("/ws")
    def no_websocket() -> Response:
        return refuse(426)

    @sock.route("/ws", bp=routes)  # type: ignore[untyped-decorator]
    def chat(websocket: Any) -> None:
        # simple-websocket must not close the connection again, nor keep its handshake objects in
        # memory during the session.
        websocket.connected = False
        websocket.ws = websocket.event = None
        try:
            with Browser(websocket.sock, read_ahead(request.environ, websocket.sock)) as browser:
                _serve(browser, gateway, request.environ, websocket.sock)
        except Exception as error:  # noqa: BLE001
            # Flask would write an HTTP 500 page into the WebSocket.
            log.error("a session ends after %s", type(error).__name__)  # noqa: TRY400

    return routes


def _serve(browser: Browser, gateway: Gateway, environ: dict[str, Any], sock: socket.socket) -> None:
    """Serve one browser, at `sock`, until its connection ends."""
    address = environ["REMOTE_ADDR"]
    try:
        room, dialect = _open_room(gateway, address, room_header(environ, sock, gateway.config))
    except Banned:
        log_often(INFO, "refused", reason="banned", address=address)
        browser.close(CloseCode.POLICY_VIOLATION, "banned")
        return
    except RoomFull:
        log_often(WARNING, "refused", reason="room_full", address=address)
        browser.send(text_frame(encode(Bye("full")).rstrip()))
        browser.close(CloseCode.TRY_AGAIN_LATER, "the room is full")
        return
    except ConnectionFailed:
        browser.close(CloseCode.TRY_AGAIN_LATER, "the room cannot be reached")
        return
    session = BridgeSession(browser, room, dialect)
    with room, gateway.relay.attached(session), _logged(browser, room, gateway.config, address):
        for messages in browser.messages():
            for translation in dialect.to_room(messages):
                _pass_on(session, translation, gateway)


@contextmanager
def _logged(browser: Browser, room: Connection, config: Config, address: str) -> Iterator[None]:
    """Log the begin and the end of a session. Our port is its `id`, which the room logs too."""
    began = monotonic()
    port = room.socket.getsockname()[1]
    shown = address if config.log_addresses else None
    log_event(INFO, "in", id=port, address=shown)
    try:
        yield
    finally:
        code, reason = browser.ended_by or (CloseCode.INTERNAL_ERROR, "internal error")
        seconds = round(monotonic() - began, 1)
        tally("close", str(int(code)))
        log_event(INFO, "out", id=port, code=int(code), reason=reason, seconds=seconds, address=shown)


def _open_room(gateway: Gateway, address: str, proxy_header: bytes) -> tuple[Connection, Dialect]:
    if gateway.config.dialect == "plain":
        begin_plain = partial(PlainRoom.open_on, idle_timeout=ANSWER_TIMEOUT)
        plain_room = gateway.servers.open(begin_plain, _ROOM_TIMEOUT)
        return plain_room, PlainDialect(plain_room)
    begin = partial(Connection.open_on, idle_timeout=ANSWER_TIMEOUT, source=proxy_header)
    room = gateway.servers.open(begin, _ROOM_TIMEOUT)
    return room, JsonDialect(partial(gateway.admission.refund_join, address))


def _pass_on(session: BridgeSession, translation: Translation, gateway: Gateway) -> None:
    if translation.answer:
        gateway.relay.answer(session, translation.answer)
    try:
        if translation.to_room:
            session.room.send_bytes(translation.to_room)
        if translation.end:
            session.room.socket.shutdown(socket.SHUT_WR)
    except OSError:
        session.browser.close(CloseCode.SERVICE_RESTART, "the connection to the room is lost")
