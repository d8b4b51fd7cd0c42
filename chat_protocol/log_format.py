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

    structlog does if it is installed; without it there is text only.
    """
    is_terminal = os.isatty(_STDERR)
    if not _has_structlog():
        return _TextFormatter(_TEXT_FORMAT)
    as_json = form == "json" or (form == "auto" and not is_terminal)
    return _structlog_json() if as_json else _structlog_text(colours=is_terminal)


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


_Event = Any  # structlog's, a dict


def _structlog_json() -> logging.Formatter:
    from structlog import processors, stdlib  # noqa: PLC0415 - memory that a program without a log saves

    def add_fields(_logger: object, _name: str, event: _Event) -> _Event:
        record = event["_record"]
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"timestamp": at.replace("+00:00", "Z"), "level": record.levelname.lower()}
        return head | event | fields_of(record)

    return stdlib.ProcessorFormatter(
        processors=[
            add_fields,
            stdlib.ProcessorFormatter.remove_processors_meta,
            processors.format_exc_info,
            processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    )


def _structlog_text(*, colours: bool) -> logging.Formatter:
    from structlog import dev, stdlib  # noqa: PLC0415 - memory that a program without a log saves

    styles = dev.ConsoleRenderer.get_default_column_styles(colours)
    levels = dev.ConsoleRenderer.get_default_level_styles(colours)
    reset = styles.reset

    def level(key: str, value: object) -> str:  # noqa: ARG001 - structlog gives both by name
        return f"{levels.get(str(value).lower(), '')}{value}{reset}"

    def plain(style: str) -> dev.KeyValueColumnFormatter:
        return dev.KeyValueColumnFormatter(
            key_style=None, value_style=style, reset_style=reset, value_repr=str
        )

    def add_fields(_logger: object, _name: str, event: _Event) -> _Event:
        record = event["_record"]
        head = {"timestamp": _TextFormatter().formatTime(record), "level": record.levelname}
        return head | event | fields_of(record)

    rest = dev.KeyValueColumnFormatter(
        key_style=styles.kv_key, value_style=styles.kv_value, reset_style=reset, value_repr=str
    )
    columns = [
        dev.Column("", rest),
        dev.Column("timestamp", plain(styles.timestamp)),
        dev.Column("level", level),
        dev.Column("event", plain(styles.bright if colours else "")),
    ]
    return stdlib.ProcessorFormatter(
        processors=[
            add_fields,
            stdlib.ProcessorFormatter.remove_processors_meta,
            dev.ConsoleRenderer(columns=columns, sort_keys=False, exception_formatter=dev.plain_traceback),
        ]
    )
