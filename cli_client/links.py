"""The links in a message, and the browser of the system, which opens them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from threading import Thread
from typing import Final

from chat_protocol.text import clean, is_blank
from cli_client.text_parts import Link, List, Part, Span, may_be_formatted

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"`\\]+", re.IGNORECASE)
_MARKS: Final = ".,;:!?*~'”»…"  # of the sentence, at the end of an address


def links_of(text: str) -> Sequence[str]:
    """Return the web addresses (`http`, `https`) in a text, each once; those within code are none.

    They are cleaned as they are shown; one with a character that is not seen is left out.
    """
    text = clean(text)
    if "://" not in text:
        return []
    parts: list[Part] = [text]
    if may_be_formatted(text):
        from cli_client.markdown import parse_markdown  # noqa: PLC0415 - as in `formatting`

        parts = parse_markdown(text)
    return [url for url in dict.fromkeys(_links(parts)) if is_safe(url)]


def is_safe(url: str) -> bool:
    """Return whether it is a web address, and all of it is seen."""
    return bool(_ADDRESS.fullmatch(url)) and url.isprintable() and not any(map(is_blank, url))


def addresses(text: str) -> Iterator[tuple[int, str]]:
    """Yield where the web addresses in a text without formatting begin, and the addresses."""
    for found in _ADDRESS.finditer(text):
        yield found.start(), _without_marks(found[0])


def _links(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case str():
                yield from (url for _, url in addresses(part))
            case Link(target):
                yield target
            case Span(_, inner):
                yield from _links(inner)
            case List(items):
                for item in items:
                    yield from _links(item.parts)


def _without_marks(url: str) -> str:
    """Return an address without the end of the sentence or of the bracket that it stands in."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while url[end - 1] in _MARKS or (url[end - 1] == ")" and unopened > 0):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def open_in_browser(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Start the first program of `BROWSER` that there is, else that of the system; return whether it started.

    No shell sees the address. The program has none of the terminal, and is not waited for.
    """
    command = _browser(environment)
    if not command:
        return False
    arguments = [part.replace("%s", url) for part in command]
    if arguments == command:
        arguments.append(url)
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError:
        return False
    Thread(target=process.wait, daemon=True).start()
    return True


def _browser(environment: Mapping[str, str]) -> list[str]:
    """Return the command that opens an address; empty if there is none."""
    system = "open" if sys.platform == "darwin" else "xdg-open"
    for given in [*environment.get("BROWSER", "").split(os.pathsep), system]:
        try:
            command = shlex.split(given)
        except ValueError:  # quotes that do not end
            continue
        if command and shutil.which(command[0]):
            return command
    return []
