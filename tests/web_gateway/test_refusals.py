"""The words of error responses: each says what is the matter, in both languages."""

import pytest
from flask import Flask

from web_gateway.refusals import raw_refusal, refuse


@pytest.fixture
def app() -> Flask:
    """Any application, in whose requests the responses are made."""
    return Flask(__name__)


@pytest.mark.parametrize(
    ("status", "cause", "english", "russian"),
    [
        (503, "", "The room cannot be reached", "Комната сейчас недоступна"),
        (503, "max_sessions", "All places are taken", "Все места заняты"),
        (503, "full", "All places are taken", "Все места заняты"),
        (503, "stopping", "This gateway is being stopped", "Этот шлюз останавливается"),
        (503, "unavailable", "The room cannot store messages", "Комната сейчас не может сохранять"),
        (503, "hooks", "Too many such requests at once", "Таких запросов сейчас слишком много"),
        (503, "qr", "Too many such requests at once", "Таких запросов сейчас слишком много"),
        (503, "hooks_unreadable", "The webhooks cannot be read", "Не удалось прочитать вебхуки"),
        (503, "name_taken", "The room does not admit this webhook", "Комната не впускает этот вебхук"),
        (503, "password_wrong", "The room does not admit this webhook", "Комната не впускает этот вебхук"),
        (429, "requests", "Too many requests from your address", "Слишком много запросов с вашего адреса"),
        (429, "joins", "Too many requests from your address", "Слишком много запросов с вашего адреса"),
        (429, "max_per_address", "Too many connections", "С вашего адреса уже открыто"),
        (429, "hooks", "Too many calls", "Слишком много вызовов"),
    ],
)
def test_the_words_say_the_cause(app: Flask, status: int, cause: str, english: str, russian: str) -> None:
    for language, words in {"en": english, "ru": russian}.items():
        with app.test_request_context(headers={"Accept-Language": language}):
            response = refuse(status, {"X-Refused-By": cause} if cause else None)
        assert response.status_code == status
        assert response.headers["Content-Language"] == language
        assert response.get_data(as_text=True).startswith(words)


def test_both_languages_are_in_what_is_sent_without_a_look_at_the_request() -> None:
    assert raw_refusal(503).decode().splitlines()[-2:] == [
        "The room cannot be reached at the moment. Please try again shortly.",
        "Комната сейчас недоступна. Попробуйте чуть позже.",
    ]
