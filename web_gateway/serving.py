"""Serving the application: by gunicorn on POSIX, by Werkzeug elsewhere."""

import sys

from chat_protocol.listener import listen
from web_gateway.config import Config

if sys.platform == "win32":
    from web_gateway.werkzeug_server import serve_on
else:
    from web_gateway.gunicorn_server import serve_on


def serve(config: Config) -> None:
    """Serve until SIGTERM or Ctrl-C, from the main thread. Raises `CannotListen`.

    Prints the address in one line when ready. May end by SystemExit.
    """
    serve_on(listen(config.host, config.port), config)
