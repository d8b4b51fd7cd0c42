"""What a server proposes to the room, and how an entry of the journal carries it.

A proposal contains every value that decides: it is applied without a clock, a setting or chance,
so that all who apply the same entries in the same order are in the same state.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from chat_protocol import messages as m
from tcp_server.room.moderation.bans import Sanction

FORMAT: Final = 1
"""The version of `Entry`; a kind of proposal may be added without a new one."""


class Proposal(Struct, frozen=True, array_like=True, tag=str.lower, gc=False):
    """The base of all. A seat is its number; its incarnation is that of the entry."""


class Up(Proposal, frozen=True):
    """A server begins a run; the seats of its earlier runs are gone. The first proposal of its run.

    `settings` are those that decide for all servers. `status` is the address at which it says how it
    is, where it does. `seen` is the position up to which it has applied the journal: without effect if
    the server has begun another run after that. If no other server is up, all roles end, and the room's
    password is needed once more: both passwords may have changed.
    """

    server: str
    seen: int
    status: str = ""
    settings: dict[str, int | float] = {}


class Beat(Proposal, frozen=True):
    """A sign of life of a server, with the digest of its state at a position, to compare."""

    position: int
    digest: int


class Down(Proposal, frozen=True):
    """End a run, whose seats are then gone. Without effect unless its newest entry has position `last`.

    So a server that was only slow stays. A server that stops ends its own run, with `last` 0.
    """

    incarnation: bytes
    last: int


class Epoch(Proposal, frozen=True):
    """Begin a new epoch: entries were lost, and every client has to start anew."""

    epoch: str


class Join(Proposal, frozen=True):
    """Come in under a name, unless the session is known: then take a seat beside its others.

    `session` is the digest of the secret, None in text dialects; `keys` are those under which the
    name is unique. A `quiet` seat speaks without making its person a member. `code` is the digest of a
    one-time code: then the seat is one of the person who has asked for it, and the session is theirs too.
    """

    seat: int
    session: bytes | None
    name: str
    keys: tuple[str, ...]
    quiet: bool = False
    code: bytes = b""


class Part(Proposal, frozen=True):
    """Give a seat up. With `hold_name` a member without a seat is absent until a `Reap`.

    `bye` is the reason sent to the seat, `reason` the one sent to the room. With `forget`, the person
    leaves on all seats, and their further secrets, code and held name are forgotten.
    """

    seat: int
    hold_name: bool
    bye: str | None = None
    reason: str | None = None
    forget: bool = False


class Link(Proposal, frozen=True):
    """Open a one-time code for one's person, instead of the one before; `code` is its digest."""

    seat: int
    code: bytes
    until: float
    read: int


class Hold(Proposal, frozen=True):
    """Hold the name for its person, also while they are away. `until` is in seconds since 1970."""

    seat: int
    until: float


class HoldAtMost(Proposal, frozen=True):
    """Hold no name for longer than so many seconds after its person has spoken: the setting is shorter."""

    seconds: float


class Reap(Proposal, frozen=True):
    """Remove a member, if it has been absent since exactly this position."""

    member: int
    absent_since: int


class Say(Proposal, frozen=True):
    """Say texts, each with its ref or None; they are clean, and not too long."""

    seat: int
    texts: Sequence[tuple[str | None, str]]


class Post(Proposal, frozen=True):
    """Say one text with more than text: a reply, an action, or one that calls people by name."""

    seat: int
    ref: str | None
    text: str
    reply: int | None = None
    kind: m.Kind | None = None
    mentions: Sequence[str] = ()


class Edit(Proposal, frozen=True):
    """Replace the text of one's own message, if it was said at most `within` seconds ago."""

    seat: int
    ref: str | None
    id: int
    text: str
    mentions: Sequence[str]
    within: float


class Delete(Proposal, frozen=True):
    """Delete one's own message; `of` is its name and time, as the server that proposes it has read them."""

    seat: int
    ref: str | None
    id: int
    of: tuple[str, str] | None = None


class React(Proposal, frozen=True):
    """Add one's reaction to a message, or take it back; `emoji` is fully qualified (UTS 51)."""

    seat: int
    ref: str | None
    id: int
    emoji: str
    on: bool


Shown = tuple[int, int, str]
"""Of a live message, as the server that proposes its end has it: bytes, lines, and the last ones."""


class Start(Proposal, frozen=True):
    """Begin a live message; the title is clean, and not too long."""

    seat: int
    ref: str
    title: str


class Take(Proposal, frozen=True):
    """Send the output of one's live message from this seat from now on."""

    seat: int
    id: int


class Body(Proposal, frozen=True):
    """Add final lines to a live message, from an offset in bytes on; they are clean."""

    id: int
    offset: int
    text: str


class End(Proposal, frozen=True):
    """End one's live message; `code` is the exit code of a command."""

    seat: int
    ref: str | None
    id: int
    code: int | None
    shown: Shown


class Lose(Proposal, frozen=True):
    """End a live message that nobody goes on with. Without effect unless `of` sends its output still."""

    id: int
    of: tuple[bytes, int]
    shown: Shown


class Act(Proposal, frozen=True):
    """An action of a moderator; `act` as in `Moderate`.

    `target` is a name, with its `keys`, or a network. `seat` 0 is the server itself, which redoes
    what it had recorded: then `by` is the name of the moderator. `of` as in `Delete`.
    """

    seat: int
    act: m.Act
    target: str = ""
    keys: tuple[str, ...] = ()
    id: int | None = None
    seconds: int | None = None
    text: str = ""
    ref: str | None = None
    by: str = ""
    of: tuple[str, str] | None = None


class Role(Proposal, frozen=True):
    """Become a moderator, on all seats."""

    seat: int


class Sanctioned(Proposal, frozen=True):
    """Replace all bans and mutes; `at` is the time of the last action that they have the effect of."""

    at: str
    bans: Sequence[Sanction]
    mutes: Sequence[Sanction]


class Forget(Proposal, frozen=True):
    """Forget the messages with smaller ids, but none of this entry, nor the one before that."""

    below: int


class Settle(Proposal, frozen=True):
    """Settle the messages with smaller ids, as `Forget`: from now on nothing looks at them.

    They can only be deleted, or answered, which counts without a look: who proposes it has looked. The
    refs of says and acts with smaller ids are unknown. So a server can take part that has only the newest
    messages. Never proposed where there is one server.
    """

    below: int


class Retract(Proposal, frozen=True):
    """Take back the messages and deletions of the entry before: they could not be stored."""


Change = Edit | Delete | React | End
"""An act on a message."""

AnyProposal = (
    Up
    | Beat
    | Down
    | Epoch
    | Join
    | Part
    | Link
    | Hold
    | HoldAtMost
    | Reap
    | Say
    | Post
    | Change
    | Start
    | Take
    | Body
    | Lose
    | Act
    | Role
    | Sanctioned
    | Forget
    | Settle
    | Retract
)


class Entry(Struct, frozen=True, array_like=True):
    """What one server proposes at once. `seq` counts the entries of its run, from 1 on."""

    format: int
    incarnation: bytes
    seq: int
    proposals: Sequence[AnyProposal]


class UnknownEntry(Exception):
    """An entry is from a newer version, or damaged; the text says what is wrong."""


_decoder = msgspec.msgpack.Decoder(Entry)
_header_decoder = msgspec.msgpack.Decoder(tuple[int, bytes, int, msgspec.Raw])
_encoder = msgspec.msgpack.Encoder()


def encode(entry: Entry) -> bytes:
    """Return an entry as msgpack."""
    return _encoder.encode(entry)


def decode(data: bytes) -> Entry:
    """Return the entry. Raises `UnknownEntry`: nothing that decides may be left out."""
    try:
        entry = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownEntry(f"this version cannot read an entry of the journal: {error}") from error
    if entry.format != FORMAT:
        raise UnknownEntry(f"an entry has format {entry.format}, this version knows format {FORMAT}")
    return entry


def identity(data: bytes) -> object:
    """Return what is the same for an entry and for what is left of it once texts were taken out of it.

    That is its run and its number in it; of anything else it is the data.
    """
    try:
        _, incarnation, seq, _ = _header_decoder.decode(data)
    except msgspec.DecodeError:
        return data
    return incarnation, seq
