"""How log lines look: as text for people, as JSON for programs."""

import logging
import os
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Annotated, Any, Final, Literal

from chat_protocol.settings import BadConfig, about

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["info", "warning", "error"]
"""There is no level below: libraries would log there what people say."""

LogFormatSetting = Annotated[
    LogFormat, about("how log lines look; auto: text on a terminal, else JSON if structlog is installed")
]
LogLevelSetting = Annotated[LogLevel, about("the least important events that are logged")]
LogAddressesSetting = Annotated[bool, about("log the addresses of all clients, not only of refused ones")]

_STDERR: Final = 2
_TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


def check_format(form: LogFormat, written: str) -> None:
    """Raise `BadConfig` if a form cannot be had; `written` is the setting's name as the user wrote it."""
    if form == "json" and not _has_structlog():
        raise BadConfig(f"{written}: JSON needs the library structlog: pip install 'oneroom[log]'")


def formatter(form: LogFormat) -> logging.Formatter:
    """Return what makes lines of records, those of `log_event` with their fields.

    JSON and colours, which only a terminal gets, need structlog; without it there is text.
    """
    if form == "text" or not _has_structlog():
        return _TextFormatter(_TEXT_FORMAT)
    is_terminal = form == "auto" and os.isatty(_STDERR)
    if is_terminal and "NO_COLOR" in os.environ:
        return _TextFormatter(_TEXT_FORMAT)
    return _structlog(as_json=not is_terminal)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields of an event; none of a line that is logged without."""
    fields: dict[str, object] = getattr(record, "fields", {})
    return fields


class _TextFormatter(logging.Formatter):
    """The standard library's lines, followed by the fields."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the line without a traceback."""
        fields = dict(fields_of(record))
        stack = fields.pop("stack", None)  # of many lines, as structlog shows it too
        pairs = [f"{name}={value}" for name, value in fields.items()]
        line = " ".join([super().formatMessage(record), *pairs])
        return line if stack is None else f"{line}\n{stack}"


def _has_structlog() -> bool:
    return find_spec("structlog") is not None


def _structlog(*, as_json: bool) -> logging.Formatter:
    from structlog import dev, processors, stdlib  # noqa: PLC0415 - memory that a program without it saves

    def add_fields(_logger: object, _name: str, event: Any) -> Any:
        record = event["_record"]
        at = datetime.fromtimestamp(record.created, UTC if as_json else None)
        head = {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        return head | event | fields_of(record)

    rendering: list[Any] = [
        dev.ConsoleRenderer(
            colors=True, sort_keys=False, pad_event_to=0, exception_formatter=dev.plain_traceback
        )
    ]
    if as_json:
        rendering = [
            processors.format_exc_info,
            processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    lines: logging.Formatter = stdlib.ProcessorFormatter(
        processors=[add_fields, stdlib.ProcessorFormatter.remove_processors_meta, *rendering]
    )
    return lines
