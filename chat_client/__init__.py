"""The engine of a client, and what a bot needs of it: see docs/bots.md. No user interface."""

from chat_client.client import Client, connect
from chat_client.errors import ChatError, ConversationEnded, Refused
from chat_client.joining import IfTaken
from chat_protocol.messages import Message

__all__ = ["ChatError", "Client", "ConversationEnded", "IfTaken", "Message", "Refused", "connect"]
