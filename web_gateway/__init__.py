"""The door for browsers: a page, and a WebSocket that ends in the room's TCP port."""

from pathlib import Path

from flask import Flask

from web_gateway.chat_socket import NoReader, chat_socket
from web_gateway.config import Config
from web_gateway.gateway import Gateway
from web_gateway.views import views

_HERE = Path(__file__).resolve().parent


def create_app(config: Config | None = None) -> Flask:
    """Build the WSGI application, with its `Gateway` as `app.extensions["gateway"]`.

    Whoever serves the application builds it in the process that serves (after a
    fork), and starts and stops the gateway there.
    """
    app = Flask(
        __name__,
        static_folder=_folder("static"),
        template_folder=_folder("templates"),
    )
    gateway = Gateway(config or Config())
    app.extensions["gateway"] = gateway
    app.register_blueprint(views(gateway))
    app.register_blueprint(chat_socket(gateway))
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoReader}
    return app


def _folder(name: str) -> str:
    """Return where a wheel puts the page's files or, in a checkout, where they are written."""
    installed = _HERE / name
    return str(installed if installed.is_dir() else _HERE.parent / name)
