"""What a person is told whom the gateway turns away, in Russian or English."""

from collections.abc import Mapping

from flask import Response, request

_WORDS = {
    400: ("Bad request: the browser's words make no sense here.", "Неверный запрос: сервер его не понял."),
    403: (
        "This page may not speak for you in this room.",
        "Эта страница не может писать в чат от вашего имени.",
    ),
    404: ("There is nothing at this address.", "По этому адресу ничего нет."),
    405: ("This cannot be done here.", "Здесь так нельзя."),
    426: ("This address is for WebSocket connections.", "Этот адрес — только для WebSocket."),
    500: ("A mistake of ours. Please try again.", "Ошибка на нашей стороне. Попробуйте ещё раз."),
    503: ("All places are taken. Please try again shortly.", "Все места заняты. Попробуйте чуть позже."),
}


def refuse(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of one sentence in the language of the current request."""
    russian = request.accept_languages.best_match(["en", "ru"]) == "ru"
    sentence = _WORDS.get(status, _WORDS[400 if status < 500 else 500])[russian]
    response = Response(sentence + "\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Content-Language"] = "ru" if russian else "en"
    response.vary.add("Accept-Language")
    response.headers.update(headers or {})
    return response
