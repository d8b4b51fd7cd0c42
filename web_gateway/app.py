"""The gateway's WSGI application: the page, the health check, and the WebSocket."""

import functools
import logging
from pathlib import Path
from typing import Any

from flask import Flask

from web_gateway.about import about
from web_gateway.assets import Assets
from web_gateway.chat_socket import NoReaderThread, chat_socket
from web_gateway.config import Config
from web_gateway.forwarded import Forwarded
from web_gateway.gateway import Gateway
from web_gateway.hook_route import hook_route
from web_gateway.page import page
from web_gateway.page_archive import PageArchive
from web_gateway.qr import qr
from web_gateway.views import views

_HERE = Path(__file__).resolve().parent
log = logging.getLogger(__name__)


class _App(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Log the type of an exception, without traceback and request."""
        log.error("a request ends after %s", exc_info[0].__name__)


def create_app(config: Config | None = None) -> Flask:
    """Return the WSGI application, with its `Gateway` as `app.extensions["gateway"]`.

    Call it in the process that serves, after any fork; start and stop the gateway there.
    """
    app = _App(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # no redirects: they could be abused
    gateway = Gateway(config := config or Config())
    # The bound method, not the object: the call then needs one page less of each session's stack.
    app.wsgi_app = Forwarded(app.wsgi_app, config.trusted_proxies).__call__  # type: ignore[method-assign]
    app.extensions["gateway"] = gateway
    app.register_blueprint(views(gateway))
    archive = PageArchive(Path(config.old_static)) if config.old_static else None
    if archive is not None:
        archive.add(assets())
    app.register_blueprint(page(assets(), archive))
    app.register_blueprint(about(gateway.about_room, config))
    app.register_blueprint(qr())
    app.register_blueprint(hook_route(gateway))
    app.register_blueprint(chat_socket(gateway))
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoReaderThread}
    return app


@functools.cache
def assets() -> Assets:
    """Return all that makes up the page, read at the first call. The applications of a process share it."""
    return Assets(_folder("static"), _folder("templates"))


def _folder(name: str) -> Path:
    """Return a folder of the page's files: in the package, as in a wheel, or else in the checkout."""
    installed = _HERE / name
    return installed if installed.is_dir() else _HERE.parent / name
