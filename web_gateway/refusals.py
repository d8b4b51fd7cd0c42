"""Error responses, in Russian or English."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from flask import Response, request

from web_gateway.admission import Refusal
from web_gateway.headers import SECURITY_HEADERS, SERVER_NAME

_CONTENT_TYPE = "text/plain; charset=utf-8"
_TEXTS = {  # in English and Russian, by HTTP status
    400: ("Bad request: the server did not understand it.", "Неверный запрос: сервер его не понял."),
    403: (
        "This page may not write to the chat in your name.",
        "Эта страница не может писать в чат от вашего имени.",
    ),
    404: ("There is nothing at this address.", "По этому адресу ничего нет."),
    405: ("This request is not allowed here.", "Такой запрос здесь не разрешён."),
    413: ("This is too long: at most 64 KiB.", "Слишком длинно: можно не больше 64 КиБ."),
    421: (
        "The chat is not served under this name. Whoever runs it can allow the name: --allowed-host.",
        "Под этим именем чата нет. Разрешить имя может тот, кто запустил чат: --allowed-host.",
    ),
    426: ("This address is for WebSocket connections.", "Этот адрес — только для WebSocket."),
    429: (
        "Too many requests from your address. Please wait a little.",
        "Слишком много запросов с вашего адреса. Подождите немного.",
    ),
    500: (
        "Something went wrong on our side. Please try again.",
        "Ошибка на нашей стороне. Попробуйте ещё раз.",
    ),
    503: (
        "The room cannot be reached at the moment. Please try again shortly.",
        "Комната сейчас недоступна. Попробуйте чуть позже.",
    ),
}
_BUSY = (
    "Too many such requests at once. Please try again shortly.",
    "Таких запросов сейчас слишком много. Попробуйте чуть позже.",
)
_FULL = ("All places are taken. Please try again shortly.", "Все места заняты. Попробуйте чуть позже.")
_CAUSES = {  # in place of those above, by HTTP status and what `X-Refused-By` says
    (429, "max_per_address"): (
        "Too many connections from your address are open.",
        "С вашего адреса уже открыто слишком много подключений.",
    ),
    (429, "hooks"): ("Too many calls. Please wait a little.", "Слишком много вызовов. Подождите немного."),
    (503, "full"): _FULL,
    (503, "max_sessions"): _FULL,
    (503, "stopping"): (
        "This gateway is being stopped. Please try again shortly.",
        "Этот шлюз останавливается. Попробуйте чуть позже.",
    ),
    (503, "unavailable"): (
        "The room cannot store messages at the moment. Please try again shortly.",
        "Комната сейчас не может сохранять сообщения. Попробуйте чуть позже.",
    ),
    (503, "hooks"): _BUSY,
    (503, "qr"): _BUSY,
    (503, "hooks_unreadable"): (
        "The webhooks cannot be read. The log of the gateway says why.",
        "Не удалось прочитать вебхуки. Почему — сказано в журнале шлюза.",
    ),
}
_NOT_ADMITTED = (
    "The room does not admit this webhook. The log of the gateway says why.",
    "Комната не впускает этот вебхук. Почему — сказано в журнале шлюза.",
)


def refuse(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error response in the language of the current request; `X-Refused-By` may say the cause."""
    russian = request.accept_languages.best_match(["en", "ru"]) == "ru"
    text = _texts(status, (headers or {}).get("X-Refused-By", ""))[russian]
    response = Response(text + "\n", status, content_type=_CONTENT_TYPE)
    response.headers["Content-Language"] = "ru" if russian else "en"
    response.vary.add("Accept-Language")
    response.cache_control.no_store = True
    response.headers.update(headers or {})
    return response


def refuse_for_now(refusal: Refusal) -> Response:
    """Return the response that says why a request is refused (also to the page), and when to try again."""
    headers = {"Retry-After": str(ceil(refusal.retry_after)), "X-Refused-By": refusal.setting}
    return refuse(refusal.status, headers)


def raw_refusal(status: int) -> bytes:
    """Return a whole response in both languages, without a look at the request."""
    body = "".join(text + "\n" for text in _texts(status)).encode()
    headers = SECURITY_HEADERS | {
        "Server": SERVER_NAME,
        "Connection": "close",
        "Cache-Control": "no-store",
        "Content-Type": _CONTENT_TYPE,
        "Content-Length": str(len(body)),
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _texts(status: int, cause: str = "") -> tuple[str, str]:
    if (status, cause) in _CAUSES:
        return _CAUSES[status, cause]
    if status == HTTPStatus.SERVICE_UNAVAILABLE and cause.startswith(("name_", "password_")):
        return _NOT_ADMITTED
    return _TEXTS.get(status, _TEXTS[400 if status < 500 else 500])
