"""Serves by Werkzeug's threaded server, where gunicorn does not run."""

import logging
import signal
import socket
import threading
from typing import Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from web_gateway.app import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway
from web_gateway.headers import SERVER_NAME
from web_gateway.listener import announce
from web_gateway.refusals import raw_refusal

_READ_TIMEOUT: Final = 10.0  # seconds to wait for the next bytes of a request


class Handler(WSGIRequestHandler):
    """Handles a request with a read timeout, and quotes nothing of it in responses and logs."""

    timeout = _READ_TIMEOUT

    def version_string(self) -> str:
        return SERVER_NAME

    def send_error(self, code: int, _message: str | None = None, _explain: str | None = None) -> None:
        """Answer a malformed request and close the connection."""
        self.wfile.write(raw_refusal(code))
        self.close_connection = True

    def log(self, _level: str, _message: str, *_args: object) -> None:
        """Do nothing: a log line would quote the request."""


def serve_on(listener: socket.socket, config: Config) -> None:
    """Serve with a thread for each connection until SIGTERM or Ctrl-C. Owns the listener."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    app = create_app(config)
    gateway: Gateway = app.extensions["gateway"]
    host, port = listener.getsockname()[:2]
    server = ThreadedWSGIServer(host, port, app, Handler, fd=listener.fileno())
    listener.close()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    gateway.start()
    serving = threading.Thread(target=server.serve_forever, args=(0.1,), name="http")
    serving.start()
    announce(config, server.socket)
    while not stopping.wait(1.0):  # on Windows Ctrl-C does not interrupt a wait without a timeout
        pass
    server.shutdown()
    serving.join()
    gateway.stop()
    server.server_close()
