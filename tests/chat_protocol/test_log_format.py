"""Log lines as people and as programs get them."""

import json
import logging
import re

import pytest

from chat_protocol import log_format
from chat_protocol.log_format import LogFormat, check_format, formatter
from chat_protocol.settings import BadConfig
from tests.support.requirements import needs_structlog

RECORD = {
    "created": 1795805999.25,
    "levelno": logging.WARNING,
    "levelname": "WARNING",
    "msg": "reader cut",
    "fields": {"reason": "backlog", "id": 40123, "stack": "a\nb"},
}


def formatted(form: LogFormat, **changes: object) -> str:
    return formatter(form).format(logging.makeLogRecord(RECORD | changes))


@pytest.mark.parametrize("has_structlog", [True, False])
def test_text(has_structlog: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_format, "_has_structlog", lambda: has_structlog)
    form: LogFormat = "text" if has_structlog else "auto"
    assert formatted(form).partition(" WARNING ")[2] == "reader cut reason=backlog id=40123\na\nb"
    plain = formatted(form, fields={}, msg="Worker (pid:%s) exited", args=(7,))
    assert plain.partition(" WARNING ")[2] == "Worker (pid:7) exited"


@needs_structlog
@pytest.mark.parametrize("form", ["json", "auto"])
def test_json_is_one_object_a_line(form: LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.isatty", lambda _: False)
    error = RuntimeError("oh")
    line = formatted(form, exc_info=(type(error), error, None))
    assert "\n" not in line
    event = json.loads(line)
    assert event.pop("exception").endswith("RuntimeError: oh")
    head = {"timestamp": "2026-11-27T18:59:59.250Z", "level": "warning", "event": "reader cut"}
    assert event == head | {"reason": "backlog", "id": 40123, "stack": "a\nb"}


@needs_structlog
def test_a_terminal_gets_text_in_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.isatty", lambda _: True)
    line = formatted("auto", fields={"id": 7})
    assert "\x1b[" in line
    assert re.sub(r"\x1b\[\d+m", "", line).partition(" ")[2] == "[warning  ] reader cut id=7"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in formatted("auto")


def test_json_without_structlog_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_format, "_has_structlog", lambda: False)
    check_format("auto", "log_format")
    with pytest.raises(BadConfig, match=r"^--log-format: JSON needs .* pip install 'oneroom\[log\]'$"):
        check_format("json", "--log-format")
