"""A room with a moderator in it, for the tests of what moderators do."""

from typing import Any

from chat_protocol import messages as m
from tcp_server.room.commands import TextJoin
from tests.tcp_server.hall import Hall

SECRET = "a secret that nobody password_attempts"
OTHER = "another secret that nobody password_attempts"


def room(**settings: Any) -> Hall:
    """A hall with the moderator Анна ("a"), Боб ("b"), and Вера ("c") who speaks text."""
    hall = Hall(moderator_password="страж", **settings)
    hall.enthrone("a", "Анна")
    hall.join("b", "Боб", session=SECRET)
    hall.introduce("c", "Вера")
    hall.heard("a"), hall.heard("b")
    return hall


def ban(hall: Hall, target: str, **fields: Any) -> None:
    hall.act("a", "ban", target, **fields)
    for connection in "abc":
        hall.heard(connection)


def tries(hall: Hall, connection: str, request: m.Join | TextJoin) -> list[str]:
    hall.take(hall.room.join(connection, request))
    return hall.summary(connection)
