"""The engine of a client, and what a bot needs of it: see docs/bots.md. No user interface."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_client.client import Client, connect
    from chat_client.errors import ChatError, ConversationEnded, InternalError, Refused
    from chat_client.joining import IfTaken
    from chat_client.script import run
    from chat_protocol.messages import Message

__all__ = [
    "ChatError",
    "Client",
    "ConversationEnded",
    "IfTaken",
    "InternalError",
    "Message",
    "Refused",
    "connect",
    "run",
]

_HOMES = {
    "ChatError": "chat_client.errors",
    "Client": "chat_client.client",
    "ConversationEnded": "chat_client.errors",
    "IfTaken": "chat_client.joining",
    "InternalError": "chat_client.errors",
    "Message": "chat_protocol.messages",
    "Refused": "chat_client.errors",
    "connect": "chat_client.client",
    "run": "chat_client.script",
}


def __getattr__(name: str) -> object:
    """Load the module of a name when it is first used (PEP 562): the terminal and the filter use none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
