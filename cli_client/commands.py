"""Parses a typed line: a text to say, a command, or a mistake."""

from collections.abc import Collection
from typing import NamedTuple

from chat_client.events import Request
from chat_client.outbox import Outgoing
from chat_protocol.commands import ChangeOutput, ParsedCommand, Show, UsageError, UseCode, parse_command
from chat_protocol.messages import (
    Authenticate,
    Bans,
    Delete,
    Edit,
    End,
    HistoryRequest,
    Link,
    Moderate,
    People,
    React,
    Say,
    Search,
    Start,
    Whois,
)
from chat_protocol.short_forms import Substitution, parse_short_form
from cli_client.own_commands import OwnAct, parse_own


class InvalidCommand(NamedTuple):
    """A line that begins with a slash but is no command; `hint` is the key of the text that explains it."""

    hint: str
    typed: str


TypedLine = str | ParsedCommand | Substitution | OwnAct | InvalidCommand
"""What a typed line means; a string is a text to say."""


def parse_line(line: str, can: Collection[str] = ()) -> TypedLine:
    """Parse a line, which is a text or a command; `//x` is the text `/x`.

    `can` are the acts that the room knows: in one that does not, a short form is a text. A password after
    `/moderator` is dropped: the terminal asks for it without showing it.
    """
    if not line.startswith("/"):
        short = parse_short_form(line)
        needed = "edit" if isinstance(short, Substitution) else "react"
        return short if isinstance(short, str) or needed in can else line
    if line.startswith("//"):
        return line[1:]
    if (own := parse_own(line)) is not None:
        return own
    try:
        command = parse_command("/" + line[1:].lstrip())
    except UsageError as error:
        if error.text == "moderator":
            return Authenticate("")
        return InvalidCommand(f"usage_{error.text if error.code == 'misuse' else error.code}", error.text)
    assert not isinstance(command, ChangeOutput | UseCode)  # only in lines
    if command == HistoryRequest(limit=0):
        return InvalidCommand("usage_history", "")
    return Authenticate("") if isinstance(command, Authenticate) else command


def format_command(request: Request) -> str:  # noqa: C901 - one case per command
    """Return a command as a user types it, without its reason or the text to announce."""
    match request:
        case Moderate(act, target, number):
            return " ".join(filter(None, (f"/{act}", target, f"#{number}" if number else "")))
        case Whois(name):
            return f"/whois {name}"
        case Bans():
            return "/bans"
        case Link():
            return "/link"
        case People(prefix):
            return f"/who {prefix}".rstrip()
        case Search(query):
            return f"/search {query}"
        case HistoryRequest():
            return "/history"
        case Show(number):
            return f"/show #{number}"
        case Edit(id=number):
            return f"/edit #{number}"
        case Delete(id=number):
            return f"/delete #{number}"
        case React(id=number, emoji=emoji, on=on):
            return f"/{'react' if on else 'unreact'} #{number} {emoji}"
        case End(id=number):
            return f"#{number}"


def format_outgoing(command: Outgoing) -> str:
    """Return a message or an act on one as a user types it, with its text."""
    match command:
        case Say(text, reply=int(number)):
            return f"/reply #{number} {text}"
        case Say(text, kind="action"):
            return f"/me {text}"
        case Say(text) | Start(title=text):
            return text
        case Edit(text=text):
            return f"{format_command(command)} {text}"
    return format_command(command)
