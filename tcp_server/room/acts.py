"""Acts on messages, and what is more than text: from a command to a proposal.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic

from chat_protocol import messages as m
from chat_protocol.emoji import find_emoji
from tcp_server.config import Config
from tcp_server.log.history import Unavailable, find_message
from tcp_server.room.changes import actable
from tcp_server.room.fold import Fold
from tcp_server.room.members import Member
from tcp_server.room.mentions import Mentions
from tcp_server.room.moderation.actions import Refused
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.proposals import AnyProposal, Change, Delete, Edit, Post, React
from tcp_server.room.seats import Seats
from tcp_server.room.speech import checked_text

_MAX_BACK = 500
"""Messages among which the last one of somebody is looked for."""

find_emoji("")  # reads the list now, and not while the whole room waits


class Acts(Generic[C]):
    """Runs the commands of members on messages."""

    def __init__(
        self,
        config: Config,
        fold: Fold,
        seats: Seats[C],
        propose: Callable[[AnyProposal], list[Outcome[C]]],
    ) -> None:
        """`propose` applies a proposal; it may raise `Unavailable`."""
        self._fold = fold
        self._seats = seats
        self._propose = propose
        self.use(config)

    def use(self, config: Config) -> None:
        """Use other limits from now on."""
        self._max_text = config.max_text
        self._edit_time = config.edit_time
        self._mentions = Mentions(self._fold.members, self._fold.history, config.max_name)

    def post(self, connection: C, member: Member, say: m.Say) -> list[Outcome[C]]:
        """Say a clean text that calls somebody, answers a message, or tells an action."""
        called = self._called(say.text, member)
        post = Post(self._seats.number(connection), say.ref, say.text, say.reply, say.kind, called)
        return self._try(connection, post)

    def change(self, connection: C, member: Member, command: m.Edit | m.Delete | m.React) -> list[Outcome[C]]:
        """Edit or delete one's own message, or react to any."""
        seat = self._seats.number(connection)
        match command:
            case m.Edit(id=id_, text=text, ref=ref):
                new = checked_text(text, self._max_text, ref)
                if isinstance(new, m.Error):
                    return [Outcome(connection, [new])]
                called = self._called(new, member)
                return self._try(connection, Edit(seat, ref, id_, new, called, self._edit_time))
            case m.Delete(id=id_, ref=ref):
                try:
                    of = self._look_at(id_, member)
                except Refused as error:
                    return [Outcome(connection, [m.Error(error.code, error.text, ref)])]
                except Unavailable as error:
                    return [Outcome(connection, [m.Error("unavailable", str(error), ref)])]
                return self._try(connection, Delete(seat, ref, id_, of))
            case m.React(id=id_, emoji=text, on=on, ref=ref):
                if (emoji := find_emoji(text)) is None:
                    return [Outcome(connection, [m.Error("bad_emoji", "not one emoji", ref)])]
                return self._try(connection, React(seat, ref, id_, emoji, on))

    def last(self, member: Member, *, own: bool) -> int | None:
        """Return the id of the last message of the member, or of somebody else; None if none is near."""
        history = self._fold.history
        with suppress(Unavailable):
            messages = [
                message
                for message in history.before(history.last + 1, _MAX_BACK)
                if message.notice is None and not message.deleted
            ]
            mine = history.own(messages, member.person)
            return next((one.id for one in reversed(messages) if (one.id in mine) == own), None)
        return None

    def is_foreign(self, member: Member, message_id: int) -> bool:
        """Return whether a message is of somebody else."""
        try:
            return self._fold.history.author(message_id) != member.person
        except Unavailable:
            return False

    def _look_at(self, message_id: int, member: Member) -> tuple[str, str] | None:
        """Return name and time of a message that its author wants to delete, None if it is not there.

        Where it is settled, this is the only look at it. Raises `Refused`, `Unavailable`.
        """
        history = self._fold.history
        if message_id >= history.settled:
            message = find_message(history, message_id)
        else:
            message = actable(history, message_id)
            if history.author(message_id) != member.person:
                raise Refused("not_yours", f"#{message_id} is of somebody else")
        return None if message is None else (message.name, message.at)

    def _called(self, text: str, member: Member) -> Sequence[str]:
        """Return the names of those whom a member calls in a text."""
        return self._mentions.find(text, calls_all=member.moderator) if "@" in text else ()

    def _try(self, connection: C, proposal: Post | Change) -> list[Outcome[C]]:
        try:
            return self._propose(proposal)
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error), proposal.ref)])]
