"""Which room this is, and how to invite others: what the page shows before anybody joins.

The room is asked over a connection of its own, without joining, so that nobody there is told of it.
"""

from functools import partial
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, jsonify

from chat_protocol.connection import Connection
from chat_protocol.errors import BadMessage, ConnectionFailed, LineTooLong
from chat_protocol.messages import About
from chat_protocol.proxy_header import UNKNOWN_HEADER
from web_gateway.config import Config
from web_gateway.recent import Recent
from web_gateway.servers import Servers

_MAX_AGE: Final = 3.0
"""Seconds for which an answer is reused, so that a crowd before the door costs the room nothing."""

_TIMEOUT: Final = 1.0
"""Seconds to connect to the room, and again for its answer."""


class AboutRoom:
    """Asks any server of the room which room it is, at most once in `_MAX_AGE` seconds. Any thread."""

    def __init__(self, config: Config, servers: Servers) -> None:
        self._config = config
        self._servers = servers
        self._recent = Recent(self._ask, _MAX_AGE)

    def read(self) -> About | None:
        """Return what the room says; None if it does not, or is of the original kind, which cannot."""
        return self._recent.get() if self._config.dialect == "json" else None

    def _ask(self) -> About | None:
        source = UNKNOWN_HEADER if self._config.proxy_protocol else b""
        try:
            begin = partial(Connection.open_on, idle_timeout=_TIMEOUT, source=source)
            with self._servers.open(begin, _TIMEOUT) as room:
                room.send(About())
                answer = next(room.events(), None)  # an older server says that it does not know this
        except (ConnectionFailed, BadMessage, LineTooLong):
            return None
        return answer if isinstance(answer, About) else None


def about(room: AboutRoom, config: Config) -> Blueprint:
    """Return the route."""
    routes = Blueprint("about", __name__)
    invitation: dict[str, Any] = {"url": config.public_url, "room": config.public_room}

    @routes.get("/about")
    def tell() -> Response:
        """Return what the room's `about` says, without `count` if it does not answer, and the invitation."""
        told = invitation | _shown(room.read())
        response = jsonify({name: value for name, value in told.items() if value not in ("", None)})
        response.cache_control.no_store = True
        return response

    return routes


def _shown(about: About | None) -> dict[str, Any]:
    return msgspec.structs.asdict(about) if about else {}
