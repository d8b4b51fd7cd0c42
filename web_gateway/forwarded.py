"""The browser's address and scheme, and the page's path, from the headers of a trusted proxy.

And how the room is told that address.
"""

import re
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.proxy_fix import ProxyFix

from chat_protocol.ip import IpAddress, Network, is_in, parse_ip
from chat_protocol.proxy_header import format_header
from web_gateway.config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


class Forwarded:
    """WSGI middleware that applies `X-Forwarded-For`, `-Proto` and `-Prefix` of trusted proxies only.

    The browser's address is the rightmost one that is not a trusted proxy: the browser can forge
    everything left of it. The prefix is the path under which the proxy serves the page; it is removed
    from the path of a request, unless the proxy has done that.
    """

    def __init__(self, app: "WSGIApplication", trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._app = app
        self._fixed_app = ProxyFix(app, x_for=1, x_proto=1)

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        # `ProxyFix` checks no values, so it gets at most one valid value of each header.
        addresses = environ.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = environ.pop("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
        prefix = environ.pop("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
        if not is_in(parse_ip(environ.get("REMOTE_ADDR", "")), self._trusted):
            return self._app(environ, start_response)
        if client := self._client(addresses):
            environ["HTTP_X_FORWARDED_FOR"] = str(client)
            environ["REMOTE_PORT"] = "0"  # proxies do not forward the port
        if scheme in {"http", "https"}:
            environ["HTTP_X_FORWARDED_PROTO"] = scheme
        if _PREFIX.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix
            if environ["PATH_INFO"].startswith(prefix + "/"):
                environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(prefix)
        return self._fixed_app(environ, start_response)

    def _client(self, addresses: str) -> IpAddress | None:
        client = None
        for text in reversed(addresses.split(",")):
            client = parse_ip(text.strip())
            if not is_in(client, self._trusted):
                break
        return client


def room_header(environ: dict[str, Any], sock: socket.socket, config: Config) -> bytes:
    """Return the PROXY header with the browser's address, empty if the room takes none.

    `sock` is the connection of the browser, or of the last proxy.
    """
    if not config.proxy_protocol:
        return b""
    host, port = sock.getsockname()[:2]
    return format_header((environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])), (host, port))
