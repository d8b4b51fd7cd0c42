"""A small HTTP server for supervisors: is the program alive, is it ready, and what are its figures."""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any, Final

from chat_protocol.address import Address, parse_address
from chat_protocol.log_event import WARNING, log_often
from chat_protocol.settings import about

_REQUEST_TIMEOUT: Final = 5.0
"""Seconds for a client to send its request."""

_PLAIN: Final = "text/plain; charset=utf-8"
_METRICS: Final = "text/plain; version=1.0.0; charset=utf-8"
_NO_METRICS: Final = "metrics need the library prometheus_client: pip install 'oneroom[metrics]'"


def _parse_status(text: str) -> str:
    if not text:
        return ""
    address = parse_address(text, -1)
    if address.port < 0:
        raise ValueError("with a port; 0: a free one")
    return str(address)


StatusSetting = Annotated[
    str, about(parse=_parse_status, allowed="an address like 127.0.0.1:9100", metavar="HOST:PORT")
]


class StatusServer:
    """Answers `/livez`, `/readyz` and `/metrics` in threads of its own, which wait for nothing else.

    `/livez` is 200 as long as the process works; `/readyz` is 200, or 503 with the reason.
    """

    def __init__(
        self,
        listener: socket.socket,
        not_ready: Callable[[], str],
        scrape: Callable[[], bytes] | None,
        more: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        """Own the listener. `not_ready` returns why, or nothing; so do those of `more` pages, by path.

        None of them may wait, nor `scrape`.
        """
        pages: _Pages = {
            "/livez": lambda: _readiness(""),
            "/readyz": lambda: _readiness(not_ready()),
            "/metrics": lambda: _metrics(scrape),
            **{path: partial(_page, why) for path, why in (more or {}).items()},
        }
        self._server = _Server(listener, pages)
        self._thread = threading.Thread(target=self._server.serve_forever, name="status", daemon=True)

    @property
    def address(self) -> Address:
        """Where it answers; with the real port if that was 0."""
        return Address(*self._server.socket.getsockname()[:2])

    def start(self) -> None:
        """Start to answer. Once."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering. Once, after `start`."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_Answer = tuple[HTTPStatus, str, bytes]
_Pages = dict[str, Callable[[], _Answer]]


def _page(why_not: Callable[[], str]) -> _Answer:
    return _readiness(why_not())


def _readiness(reason: str) -> _Answer:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK
    return status, _PLAIN, f"{reason or 'ok'}\n".encode()


def _metrics(scrape: Callable[[], bytes] | None) -> _Answer:
    if scrape is None:
        return HTTPStatus.NOT_FOUND, _PLAIN, f"{_NO_METRICS}\n".encode()
    return HTTPStatus.OK, _METRICS, scrape()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, pages: _Pages) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.pages = pages

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Log the type of an error: a supervisor's mistake is no traceback. HAProxy always resets."""
        if not isinstance(sys.exception(), ConnectionError):
            log_often(WARNING, "status failed", reason=type(sys.exception()).__name__)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_TIMEOUT

    def do_GET(self) -> None:
        """Answer one request and close. The answer to HEAD, which `curl -I` sends, has no body."""
        page = self.server.pages.get(self.path.partition("?")[0])
        status, kind, body = page() if page else (HTTPStatus.NOT_FOUND, _PLAIN, b"not found\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def version_string(self) -> str:
        """Return what `Server` says."""
        return "oneroom"

    def log_message(self, *_: object) -> None:
        """Log nothing: supervisors ask every few seconds."""
