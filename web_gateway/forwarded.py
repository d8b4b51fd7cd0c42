"""Whom to believe about a browser's address: a proxy of ours, and nobody else."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.proxy_fix import ProxyFix

from chat_protocol.ip import IpAddress, Network, is_in, read_ip

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


class Forwarded:
    """WSGI middleware: what `X-Forwarded-For` and `-Proto` say holds if a trusted proxy says it.

    Of several addresses the rightmost that is no proxy of ours is the browser's: what stands
    left of it is its own invention.
    """

    def __init__(self, app: "WSGIApplication", trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._app = app
        self._believing = ProxyFix(app, x_for=1, x_proto=1)

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        # Left for `ProxyFix`, which checks nothing, is at most one value of each, a good one.
        addresses = environ.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = environ.pop("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
        if not is_in(read_ip(environ.get("REMOTE_ADDR", "")), self._trusted):
            return self._app(environ, start_response)
        if client := self._client(addresses):
            environ["HTTP_X_FORWARDED_FOR"] = str(client)
            environ["REMOTE_PORT"] = "0"  # nobody forwards it
        if scheme in {"http", "https"}:
            environ["HTTP_X_FORWARDED_PROTO"] = scheme
        return self._believing(environ, start_response)

    def _client(self, addresses: str) -> IpAddress | None:
        client = None
        for text in reversed(addresses.split(",")):
            client = read_ip(text.strip())
            if not is_in(client, self._trusted):
                break
        return client
