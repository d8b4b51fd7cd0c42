"""What moderators do, as messages of the room itself."""

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.messages import Message, Notice
from tcp_server.log.history import History
from tcp_server.room.russian import describe


def append(notice: Notice, at: str, history: History) -> Message:
    """Append a notice to the log, and return it as the message that the room is sent."""
    message = Message(history.last + 1, at, SYSTEM_NAME, describe(notice), notice)
    history.append([message], [None])
    return message
