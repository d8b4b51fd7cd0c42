"""What the model of the room knows of a person, and of what a connection has been sent."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from chat_protocol import messages as m
from tcp_server.room.commands import OnlyInText


@dataclass(eq=False)
class Person:
    """A member of the model; without `until` a connected one."""

    name: str
    keys: tuple[str, ...]
    secret: str | None
    announced: bool = True
    loud: "list[View]" = field(default_factory=list)
    quiet: "list[View]" = field(default_factory=list)
    until: float | None = None
    address: str = ""


@dataclass(eq=False)
class View:
    """What one connection has been sent, replayed."""

    connection: str
    address: str
    person: Person | None = None
    is_text: bool = False
    is_quiet: bool = False
    ends_at: float = 0.0
    members: list[str] = field(default_factory=list)
    in_crowd: bool = False  # it is not told who comes and goes
    last: int = 0
    answers: deque[Any] = field(default_factory=deque)  # to its joins: a welcome, or the code of an error
    bye: str | None = None  # the reason of the `bye` that it must be sent
    ended: bool = False  # it has left, in this batch or before
    closed: bool = False  # it must be sent nothing more

    def hear_of_others(self, event: Any) -> None:
        """In a crowd, a json client is told only how many there are, and a text dialect the same as ever."""
        if isinstance(event, OnlyInText):
            if not self.is_text:
                return
            event = event.event
        match event:
            case m.Crowd() if self.is_text:
                pass
            case m.Crowd(is_on, _, members):
                assert is_on != self.in_crowd
                self.in_crowd, self.members = is_on, [*members]
            case m.MemberCount():
                assert self.in_crowd or self.is_text
            case _ if self.in_crowd:
                raise AssertionError(event)
            case m.Person(name=name):
                assert name in self.members or self.is_text
            case m.Joined(name=name):
                assert name not in self.members or self.is_text
                self.members.append(name)
            case m.Left(name=name):
                assert name in self.members or self.is_text
                self.members = [other for other in self.members if other != name]
