"""Who is in the room, as far as the room has told us, and who of them is away or a moderator.

Not thread-safe: `Conversation` owns it.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from chat_protocol import messages as m


class Roster:
    """The members, in the order in which they joined; of a crowd only some of them."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._count: int | None = None  # if we do not know all of them
        self._marked: dict[str, m.Person] = {}  # who is away or a moderator

    @property
    def names(self) -> tuple[str, ...]:
        """Those we know."""
        return tuple(self._names)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._names) if self._count is None else self._count

    @property
    def is_crowd(self) -> bool:
        """Whether we do not know all of them."""
        return self._count is not None

    @property
    def marked(self) -> tuple[m.Person, ...]:
        """Who is away or a moderator; in a crowd nobody is known to be."""
        return tuple(self._marked.values())

    def reset(
        self, names: Sequence[str] = (), count: int | None = None, marked: Sequence[m.Person] = ()
    ) -> None:
        """Take these for the members; `count` is how many there are if these are not all."""
        self._names[:] = dict.fromkeys(names)
        self._count = count
        self._marked = {person.name: person for person in marked}

    def on_presence(self, event: m.Joined | m.Left) -> None:
        """Add or remove a member."""
        if self._count is not None:
            self._count += -1 if isinstance(event, m.Left) else 1
        if isinstance(event, m.Left):
            self._names[:] = [name for name in self._names if name != event.name]
            self._marked.pop(event.name, None)
        elif event.name not in self._names:
            self._names.append(event.name)

    def on_person(self, person: m.Person) -> None:
        """Note what is shown of a member from now on."""
        if person.away or person.moderator:
            self._marked[person.name] = person
        else:
            self._marked.pop(person.name, None)

    def on_role(self, name: str, *, moderator: bool) -> None:
        """Note whether we are a moderator, which only the others are told by a `Person`."""
        self.on_person(replace(self._marked.get(name, m.Person(name)), moderator=moderator))

    def on_count(self, count: int) -> None:
        """Note how many there are, in a crowd."""
        if self._count is not None:
            self._count = count
