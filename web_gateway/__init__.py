"""The door for browsers: a page, and a WebSocket that ends in the room's TCP port."""

import logging
from pathlib import Path
from typing import Any

from flask import Flask

from web_gateway.chat_socket import NoReader, chat_socket
from web_gateway.config import Config
from web_gateway.forwarded import Forwarded
from web_gateway.gateway import Gateway
from web_gateway.views import views

_HERE = Path(__file__).resolve().parent
log = logging.getLogger(__name__)


class _App(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Name a mistake of ours, and quote neither our code nor the request."""
        log.error("a request ends after %s", exc_info[0].__name__)


def create_app(config: Config | None = None) -> Flask:
    """Build the WSGI application, with its `Gateway` as `app.extensions["gateway"]`.

    Whoever serves the application builds it in the process that serves (after a
    fork), and starts and stops the gateway there.
    """
    app = _App(
        __name__,
        static_folder=_folder("static"),
        template_folder=_folder("templates"),
    )
    app.url_map.merge_slashes = False  # no redirect is needed here, so none can be abused
    gateway = Gateway(config := config or Config())
    # Its method, not itself: called as a function it takes no page of each session's stack.
    app.wsgi_app = Forwarded(app.wsgi_app, config.trusted_proxies).__call__  # type: ignore[method-assign]
    app.extensions["gateway"] = gateway
    app.register_blueprint(views(gateway))
    app.register_blueprint(chat_socket(gateway))
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoReader}
    return app


def _folder(name: str) -> str:
    """Return where a wheel puts the page's files or, in a checkout, where they are written."""
    installed = _HERE / name
    return str(installed if installed.is_dir() else _HERE.parent / name)
