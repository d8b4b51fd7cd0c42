"""`POST /hooks/<secret>`: a program says something in the room, under the name of its hook."""

import hashlib
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from chat_protocol import messages as m
from chat_protocol.errors import Banned, ConnectionFailed
from chat_protocol.ip import rate_limit_key
from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from chat_protocol.rate_limit import Buckets, Rate
from chat_protocol.settings import BadConfig
from chat_protocol.text import clean, is_blank
from web_gateway.admission import HOOK_CALLS, Places, Refusal
from web_gateway.config import Config
from web_gateway.forwarded import room_header
from web_gateway.gateway import Gateway
from web_gateway.hook_call import Call, RoomRefuses, say
from web_gateway.hooks import Hook, Hooks
from web_gateway.refusals import refuse, refuse_for_now

_MAX_BYTES: Final = 64 * 1024
"""Longest body, in bytes."""

_RATE: Final = Rate(1.0, 10)
"""Calls a second, and at once: of one hook, and from one address. Each worker counts for itself.

Loopback and trusted proxies are exempt from the limit by address, as everywhere.
"""

_TURN_SECONDS: Final = 10.0
"""Longest time to wait for the calls of the same hook that came before."""

_REFUSED: Final = {
    "too_fast": 429,
    "too_long": 413,
    "unavailable": 503,
    "full": 503,
    "muted": 403,
    "banned": 403,
}
"""Statuses for what the room answers, by its code; 400 for all others."""


def hook_route(gateway: Gateway) -> Blueprint:
    """Return the route. Without `--hooks` it leads nowhere."""
    routes = Blueprint("hooks", __name__)
    by_address, by_hook = Buckets(_RATE), Buckets(_RATE)
    places = Places("hooks", HOOK_CALLS)
    hooks = Hooks(Path(gateway.config.hooks)) if gateway.config.hooks else None

    @routes.post("/hooks/<secret>")
    def call(secret: str) -> Response:
        """Say the body: a text, or JSON with `text`. Answers with the numbers of the messages.

        A repeat with the same `Idempotency-Key` is said once. 404 for an unknown secret.
        """
        key = rate_limit_key(request.remote_addr or "", gateway.config.trusted_proxies)
        if key and (wait := by_address.take(key)):
            return refuse_for_now(Refusal(HTTPStatus.TOO_MANY_REQUESTS, "hooks", wait))
        try:
            hook = hooks.find(secret) if hooks else None
        except BadConfig as error:
            return _refuse_unreadable("hooks", error)
        if hooks is None or hook is None:
            return refuse(HTTPStatus.NOT_FOUND)
        if wait := by_hook.take(hook.name):
            return refuse_for_now(Refusal(HTTPStatus.TOO_MANY_REQUESTS, "hooks", wait))
        with places.one(request.remote_addr or "") as refusal:
            if refusal:
                return refuse_for_now(refusal)
            request.max_content_length = _MAX_BYTES
            text = _text()
            if text is None or is_blank(text := clean(text)):
                return refuse(HTTPStatus.BAD_REQUEST)
            return _answer(gateway, hook, hooks.folder, text.strip("\n"))

    return routes


def _text() -> str | None:
    """Return what the request says; None if that is no text. Raises `RequestEntityTooLarge`."""
    if request.is_json:
        try:
            said: Any = request.get_json(silent=True)
        except RecursionError:  # one in another in another …
            return None
        text = said.get("text") if isinstance(said, dict) else None
        return text if isinstance(text, str) else None
    try:
        return request.get_data(cache=False).decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _key() -> str:
    """Return the key of a call: the one it gives, so that a repeat is known, or a new one."""
    if given := request.headers.get("Idempotency-Key"):
        return hashlib.sha256(given.encode()).hexdigest()[:32]
    return secrets.token_hex(16)


def _refuse_unreadable(reason: str, error: BadConfig) -> Response:
    """Log that the file of hooks or a token cannot be read, and refuse the call."""
    log_often(WARNING, "hooks not read", reason=reason, error=error)
    return refuse(HTTPStatus.SERVICE_UNAVAILABLE, {"X-Refused-By": "hooks_unreadable"})


def _answer(gateway: Gateway, hook: Hook, folder: Path, text: str) -> Response:
    """Say a text in the room, and tell the caller what became of it."""
    try:
        with hook.turn(folder, _TURN_SECONDS) as token:
            ids = say(gateway.servers, Call(hook.name, token, text, _key()), _source(gateway.config))
    except RoomRefuses as refusal:
        return _refused(refusal.event, hook)
    except Banned:
        log_often(INFO, "refused", reason="banned", address=request.remote_addr)
        return refuse(HTTPStatus.FORBIDDEN)
    except BadConfig as error:
        return _refuse_unreadable("token", error)
    except (ConnectionFailed, TimeoutError):
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
    log_event(INFO, "hook", messages=len(ids))
    response = jsonify(ids=ids)
    response.cache_control.no_store = True
    return response


def _source(config: Config) -> bytes:
    """Return the PROXY header of this request's connection to the room."""
    return room_header(request.environ, request.environ["gunicorn.socket"], config)


def _refused(event: m.Error | m.Bye, hook: Hook) -> Response:
    """Answer with what the room says; the code is in `X-Refused-By`."""
    code = event.code if isinstance(event, m.Error) else event.reason
    if code.startswith(("name_", "password_")):  # the server reserves nothing for it, or another token
        log_often(WARNING, "hook not admitted", reason=code, hook=hook.name)
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, {"X-Refused-By": code})
    headers = {"X-Refused-By": code}
    if isinstance(event, m.Error) and event.retry_after:
        headers["Retry-After"] = str(int(event.retry_after) + 1)
    return refuse(_REFUSED.get(code, HTTPStatus.BAD_REQUEST), headers)
