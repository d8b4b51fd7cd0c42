"""Checks a WebSocket handshake and removes its other headers, before flask-sock answers it."""

import base64
import binascii
import io
import socket
from typing import Any

from flask import Request, Response

from web_gateway.origins import is_allowed_origin
from web_gateway.refusals import refuse


def handshake_error(request: Request, allowed_origins: tuple[str, ...]) -> Response | None:
    """Return the error response to a handshake that is invalid or not allowed, None if it is good.

    flask-sock would answer a malformed one with a traceback.
    """
    headers = request.headers
    # A body would be parsed as WebSocket frames.
    has_body = request.content_length or headers.get("Transfer-Encoding")
    if request.environ.get("SERVER_PROTOCOL") != "HTTP/1.1" or has_body:
        return refuse(400)
    host = headers.get("Host", "")
    if not is_allowed_origin(headers.get("Origin"), request.scheme, host, allowed_origins):
        return refuse(403)
    is_websocket = request.method == "GET" and request.url_rule is not None and request.url_rule.websocket
    if not is_websocket or headers.get("Sec-WebSocket-Version") != "13":
        return refuse(426, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"})
    return None if _is_key(headers.get("Sec-WebSocket-Key", "")) else refuse(400)


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def reduce_headers(environ: dict[str, Any]) -> None:
    """Remove all headers but those the handshake needs.

    Without `Sec-WebSocket-Extensions` there is no compression, which flask-sock cannot turn off: it
    would double a session's memory and let 200 kB become 200 MB.
    """
    needed = {"HTTP_HOST", "HTTP_SEC_WEBSOCKET_KEY", "HTTP_SEC_WEBSOCKET_VERSION"}
    for name in [name for name in environ if name.startswith("HTTP_") and name not in needed]:
        del environ[name]
    environ["HTTP_CONNECTION"] = "Upgrade"
    environ["HTTP_UPGRADE"] = "websocket"


def read_ahead(environ: dict[str, Any], sock: socket.socket) -> bytes:
    """Return the bytes that the HTTP server has already read after the handshake."""
    stream = environ["wsgi.input"]
    if isinstance(stream, io.BufferedReader):  # Werkzeug
        sock.settimeout(0)  # so that peek() does not wait for bytes
        return stream.peek()
    unread: bytes = stream.reader.unreader.take_buffered()  # gunicorn
    return unread
