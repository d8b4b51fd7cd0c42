"""What a person is told whom the gateway turns away, in Russian or English."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, request

from web_gateway.headers import SECURITY_HEADERS, SERVER_NAME

_PLAIN = "text/plain; charset=utf-8"
_WORDS = {
    400: ("Bad request: the browser's words make no sense here.", "Неверный запрос: сервер его не понял."),
    403: (
        "This page may not speak for you in this room.",
        "Эта страница не может писать в чат от вашего имени.",
    ),
    404: ("There is nothing at this address.", "По этому адресу ничего нет."),
    405: ("This cannot be done here.", "Здесь так нельзя."),
    421: (
        "The chat is not served under this name; whoever runs it may allow it by --allowed-host.",
        "Под этим именем чата нет; хозяин может его разрешить: --allowed-host.",
    ),
    426: ("This address is for WebSocket connections.", "Этот адрес — только для WebSocket."),
    500: ("A mistake of ours. Please try again.", "Ошибка на нашей стороне. Попробуйте ещё раз."),
    503: ("All places are taken. Please try again shortly.", "Все места заняты. Попробуйте чуть позже."),
}


def refuse(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of one sentence in the language of the current request."""
    russian = request.accept_languages.best_match(["en", "ru"]) == "ru"
    response = Response(_words(status)[russian] + "\n", status, content_type=_PLAIN)
    response.headers["Content-Language"] = "ru" if russian else "en"
    response.vary.add("Accept-Language")
    response.cache_control.no_store = True
    response.headers.update(headers or {})
    return response


def whole_refusal(status: int) -> bytes:
    """Return a whole answer to what is no request, and so has no language: one sentence in both."""
    body = "".join(sentence + "\n" for sentence in _words(status)).encode()
    headers = SECURITY_HEADERS | {
        "Server": SERVER_NAME,
        "Connection": "close",
        "Cache-Control": "no-store",
        "Content-Type": _PLAIN,
        "Content-Length": str(len(body)),
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _words(status: int) -> tuple[str, str]:
    return _WORDS.get(status, _WORDS[400 if status < 500 else 500])
