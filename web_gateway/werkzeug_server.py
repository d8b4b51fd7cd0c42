"""Werkzeug's threaded server, where gunicorn does not run."""

import logging
import signal
import socket
import threading
from typing import Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from web_gateway import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway
from web_gateway.headers import SERVER_NAME
from web_gateway.listener import announce
from web_gateway.refusals import whole_refusal

_READ_TIMEOUT: Final = 10.0  # seconds a client may be silent within a request


class Handler(WSGIRequestHandler):
    """Does not wait for ever for a request to end, and quotes nothing of it anywhere."""

    timeout = _READ_TIMEOUT

    def version_string(self) -> str:
        return SERVER_NAME

    def send_error(self, code: int, _message: str | None = None, _explain: str | None = None) -> None:
        """Answer what is no request, and end the connection."""
        self.wfile.write(whole_refusal(code))
        self.close_connection = True

    def log(self, _level: str, _message: str, *_args: object) -> None:
        """Log nothing: it would be what somebody asked."""


def serve_on(listener: socket.socket, config: Config) -> None:
    """Serve with a thread per connection until SIGTERM or Ctrl-C. Owns the listener from here on."""
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
    while not stopping.wait(1.0):  # a wait without end is deaf to Ctrl-C on Windows
        pass
    server.shutdown()
    serving.join()
    gateway.stop()
    server.server_close()
