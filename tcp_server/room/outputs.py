"""The output of live messages: taken from who sends it, passed on to who follows it, and proposed in pieces.

What everybody is sent of it, the previews, has a bound for the whole room. Not thread-safe: the caller holds
the sequencer's room lock.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, NamedTuple

from chat_protocol import messages as m
from chat_protocol.live import MAX_BODY, MAX_LAST, MAX_LIVE_TITLE, MAX_OUTPUT, MAX_TAIL_LINES
from chat_protocol.rate_limit import Buckets, Rate
from chat_protocol.sgr import clean_output, without_colours
from chat_protocol.text import is_blank, one_line
from tcp_server.config import Config
from tcp_server.log.body import CONTINUATION, last_lines
from tcp_server.log.history import MAX_PAGE_BYTES, Unavailable
from tcp_server.room.crowd import Crowd
from tcp_server.room.fold import Fold
from tcp_server.room.followers import Followers
from tcp_server.room.growing import Growing
from tcp_server.room.lives import OpenLive, find_live
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import Refused
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.proposals import AnyProposal, Body, End, Lose, Shown, Start, Take
from tcp_server.room.seats import Seats

_PERSON_RATE: Final = Rate(16 * 1024 * 1024 / 3600, 16 * 1024 * 1024)
"""Bytes of final lines of one person."""

_PREVIEW_RATE: Final = Rate(32 * 1024, 32 * 1024)
_PREVIEW_SECONDS: Final = 1.0
"""Bytes of all previews, and fewest seconds between two of one message."""

_MAX_AT_ONCE: Final = _PREVIEW_RATE.burst // MAX_LAST
"""Where more messages are open, they can exceed the rate: then `tick` alone sends previews, in turn."""

_MAX_REMOVED: Final = 8
"""Most bodies that are removed at a time, where all have too many bytes."""

_LEFT_OUT: Final = "[…]\n".encode()
"""Stands for lines that are left out, in the text dialects."""

_ALL: Final = "all"
"""The only key of the buckets for the whole room."""


class Previewed(NamedTuple):
    """What other servers are told of a message whose output this one takes."""

    preview: m.Preview
    tail: str


class Outputs(Generic[C]):
    """What this server knows of open live messages beside the log."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the room
        self,
        config: Config,
        fold: Fold,
        seats: Seats[C],
        crowd: Crowd,
        propose: Callable[[AnyProposal], list[Outcome[C]]],
        clock: Callable[[], float],
        is_busy: Callable[[C], bool],
    ) -> None:
        """`propose` may raise `Unavailable`; `is_busy` says whether a connection has bytes waiting for it."""
        self._fold = fold
        self._bodies = fold.history.bodies
        self._seats = seats
        self._crowd = crowd
        self._propose = propose
        self._clock = clock
        self.may_lose: Callable[[int], bool] = lambda _: True
        """Whether this server is to end a message that nobody goes on with."""
        self.tell: Callable[[Previewed], None] = lambda _: None
        """Tells the other servers."""
        self._growing: dict[int, Growing] = {}  # that of which a preview was sent last is the last
        self._followers = Followers[C](self._lines, clock, is_busy)
        self._left_at: dict[int, float] = {}  # since when nobody sends the output of an open message
        self._by_person = Buckets(_PERSON_RATE, clock)
        self._previews = Buckets(_PREVIEW_RATE, clock)
        self.use(config)

    def use(self, config: Config) -> None:
        """Use other limits from now on."""
        self._grace, self._keep, self._keeps = config.grace, config.keep_blocks, config.history != "off"

    # --- requests --------------------------------------------------------------------

    def run(
        self, connection: C, member: Member, request: m.Start | m.Output | m.End | m.BodyRequest
    ) -> list[Outcome[C]]:
        """Run one request; a muted member is refused by who calls this."""
        try:
            match request:
                case m.Start():
                    return self._start(connection, request)
                case m.Output():
                    return [*self._take(connection, member, request)]
                case m.End():
                    return self._end(connection, member, request)
                case m.BodyRequest():
                    return [self._read(connection, request)]
        except Refused as error:
            return [Outcome(connection, [m.Error(error.code, error.text, request.ref, error.retry_after)])]
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error), request.ref)])]

    def _start(self, connection: C, start: m.Start) -> list[Outcome[C]]:
        if not self._keeps:
            raise Unavailable("messages are not kept here")
        title = one_line(start.title)
        if is_blank(title):
            raise Refused("blank", "the title is blank")
        if len(title) > MAX_LIVE_TITLE:
            raise Refused("too_long", f"a title has at most {MAX_LIVE_TITLE} characters")
        return self._propose(Start(self._seats.number(connection), start.ref, title))

    def _take(self, connection: C, member: Member, output: m.Output) -> Iterator[Outcome[C]]:
        """Take the output of one's own message. Raises `Refused`, `Unavailable`."""
        live = self._fold.lives.open.get(output.id)
        if live is None:
            find_live(self._fold.history, output.id)
            raise Refused("has_ended", f"#{output.id} has ended")
        if live.person != member.person:
            raise Refused("not_yours", f"#{output.id} is of somebody else")
        if not self._fold.history.is_writable:
            raise Unavailable("the log cannot be written")
        text, tail = clean_output(output.text), output.tail and clean_output(output.tail)
        data = text.encode()
        if len(data) > MAX_OUTPUT or len((tail or "").encode()) > MAX_OUTPUT:
            raise Refused("too_long", f"text and tail have at most {MAX_OUTPUT} bytes each")
        if text and not text.endswith("\n"):
            raise Refused("bad_field", "the text does not end with a newline")
        if data and (wait := self._by_person.take(member.person.hex(), len(data))):
            raise Refused("too_much", "too much output in an hour", wait)
        if live.seat != self._seats.of(connection):
            yield from self._propose(Take(self._seats.number(connection), output.id))
        now, growing = self._clock(), self._of(output.id)
        before = growing.add(output.offset, data, now) if data else []
        if tail is not None:
            growing.replace_tail("\n".join(tail.split("\n")[-MAX_TAIL_LINES:]))
        yield from self._add(output.id, before)
        if growing.is_due(now):
            yield from self._add(output.id, growing.take())
        shared = self._preview_at_once(output.id, now)
        yield Outcome(connection, [m.Received(id=output.id, end=growing.end)], shared)
        yield from self._push(output.id)

    def _end(self, connection: C, member: Member, end: m.End) -> list[Outcome[C]]:
        live, shown = self._fold.lives.open.get(end.id), (0, 0, "")
        outcomes: list[Outcome[C]] = []
        if live is not None and live.person == member.person:
            growing = self._of(end.id)
            outcomes += self._add(end.id, growing.take())
            shown = self._shown(end.id)
        number = self._seats.number(connection)
        return [*outcomes, *self._propose(End(number, end.ref, end.id, end.code, shown))]

    def _read(self, connection: C, request: m.BodyRequest) -> Outcome[C]:
        message, live = find_live(self._fold.history, request.id)
        if request.follow is False:
            self._followers.remove(connection, message.id)
        body, growing = self._bodies.find(message.id), self._growing.get(message.id)
        end = max(growing.end if growing else 0, body.end if body else 0, live.bytes)
        left_out = body.left_out if body else None
        if body is None and live.bytes:
            return Outcome(
                connection, [m.Body(id=message.id, start=0, text="", end=end, left_out=(0, end))]
            )  # gone
        start, data = self._lines(message.id, min(request.start, end))
        stop = start + len(data)
        tail = self._tail(message.id)
        if request.follow:
            self._followers.add(connection, message.id, stop, tail)
        answer = m.Body(
            id=message.id,
            start=start,
            text=data.decode(),
            end=end,
            left_out=left_out,
            tail=tail or None,
            more=stop < end,
        )
        return Outcome(connection, [answer])

    def show(self, message_id: int) -> str:
        """Return what is kept of a live message without colours; of much the end. For the text dialects."""
        parts: list[bytes] = []
        offset = 0
        while (found := self._lines(message_id, offset))[1]:
            if found[0] > offset:
                parts.append(_LEFT_OUT)
            parts.append(found[1])
            offset = found[0] + len(found[1])
        data = b"".join(parts) + self._tail(message_id).encode()
        if len(data) > MAX_PAGE_BYTES:
            data = _LEFT_OUT + last_lines(data, MAX_PAGE_BYTES)
        return without_colours(data.decode(errors="ignore")).rstrip("\n")

    def forget(self, connection: C) -> None:
        """Forget a connection that leaves."""
        self._followers.forget(connection)

    # --- what is sent ------------------------------------------------------------------

    def hear(self, told: Previewed) -> list[Outcome[C]]:
        """Take what another server tells."""
        message_id = told.preview.id
        if message_id not in self._fold.lives.open:
            return []
        self._of(message_id).hear(told.preview, told.tail)
        shared = self._preview_at_once(message_id, self._clock())
        return [Outcome(None, (), shared), *self._push(message_id)]

    def previews(self) -> list[m.Event]:
        """Return the last lines of all that are open, for who comes; in a crowd nobody is sent any."""
        if self._crowd.is_on:
            return []
        found = [self._of(one).preview(one, self._bodies.find(one)) for one in self._fold.lives.open]
        return [one for one in found if one.lines]

    def _preview_at_once(self, message_id: int, now: float) -> Sequence[m.Event]:
        return () if len(self._fold.lives.open) > _MAX_AT_ONCE else self._preview(message_id, now)

    def _preview(self, message_id: int, now: float) -> Sequence[m.Event]:
        """Return what all are sent of a message, nothing if it is not time for that."""
        growing = self._growing[message_id]
        if not growing.is_news or now < growing.previewed_at + _PREVIEW_SECONDS:
            return ()
        event = growing.preview(message_id, self._bodies.find(message_id))
        if self._previews.take(_ALL, len(event.text.encode())):
            return ()
        growing.is_news, growing.previewed_at = False, now
        self._growing[message_id] = self._growing.pop(message_id)
        if not growing.is_heard:
            self.tell(Previewed(event, growing.tail))
        return () if self._crowd.is_on else [event]

    def _push(self, message_id: int) -> list[Outcome[C]]:
        """Send those who follow a message what they lack."""
        is_open = message_id in self._fold.lives.open
        return self._followers.push(message_id, self._tail(message_id), is_open=is_open)

    def _tail(self, message_id: int) -> str:
        """Return the lines that can still change; one that has ended has none."""
        growing = self._growing.get(message_id)
        return growing.tail if growing and message_id in self._fold.lives.open else ""

    def _lines(self, message_id: int, offset: int) -> tuple[int, bytes]:
        """Return final lines from an offset on, at most `MAX_BODY` bytes, and where they begin."""
        body, growing = self._bodies.find(message_id), self._growing.get(message_id)
        if body is not None and offset < body.end:
            start, data = body.read(offset, MAX_BODY)
        else:
            start, data = growing.read(offset) if growing else (offset, b"")
        whole = data.lstrip(CONTINUATION)  # who asks may give an offset within a character
        return start + len(data) - len(whole), whole

    # --- what is proposed --------------------------------------------------------------

    def tick(self) -> list[Outcome[C]]:
        """Do what is due. Called every 0.5 s."""
        now, open_ = self._clock(), self._fold.lives.open
        outcomes: list[Outcome[C]] = []
        for message_id, growing in [*self._growing.items()]:
            if message_id not in open_:
                del self._growing[message_id]
                continue
            growing.follow(self._bodies.find(message_id))
            if growing.is_due(now):
                outcomes += self._add(message_id, growing.take())
            if preview := self._preview(message_id, now):
                outcomes.append(Outcome(None, (), preview))
        for message_id in self._followers.followed:
            outcomes += self._push(message_id)
        for message_id in [*open_]:
            outcomes += self._lose(message_id, now)
        self._left_at = {id_: at for id_, at in self._left_at.items() if id_ in open_}
        for _ in range(_MAX_REMOVED if self._keep else 0):
            self._bodies.keep_at_most(self._keep, open_)
        return outcomes

    def _lose(self, message_id: int, now: float) -> list[Outcome[C]]:
        """End a message that nobody goes on with, if it is time for that."""
        live = self._fold.lives.open[message_id]
        if self._fold.members.by_seat(live.seat) is not None:
            self._left_at.pop(message_id, None)
            return []
        is_over = now >= self._left_at.setdefault(message_id, now) + self._grace
        if not is_over or not self.may_lose(message_id):
            return []
        return self._end_lost(message_id, live)

    def lose_below(self, message_id: int) -> list[Outcome[C]]:
        """End those with smaller ids: they are to be settled."""
        older = {id_: live for id_, live in self._fold.lives.open.items() if id_ < message_id}
        return [outcome for id_, live in older.items() for outcome in self._end_lost(id_, live)]

    def _end_lost(self, message_id: int, live: OpenLive) -> list[Outcome[C]]:
        """End a message for who sent it, behind all lines that have come."""
        added = self._add(message_id, self._of(message_id).take())
        return [*added, *self._try(Lose(message_id, live.seat, self._shown(message_id)))]

    def _shown(self, message_id: int) -> Shown:
        """Return what is known of the final lines of an open message."""
        body, growing = self._bodies.find(message_id), self._of(message_id)
        lines = (body.lines if body else 0) + growing.lines
        return max(growing.end, body.end if body else 0), lines, growing.last(body, "")

    def _of(self, message_id: int) -> Growing:
        """Return what is known of an open message, without what the log has."""
        growing = self._growing.setdefault(message_id, Growing())
        growing.follow(self._bodies.find(message_id))
        return growing

    def _add(self, message_id: int, parts: Sequence[tuple[int, str]]) -> list[Outcome[C]]:
        outcomes = [one for offset, text in parts for one in self._try(Body(message_id, offset, text))]
        self._of(message_id)
        return outcomes

    def _try(self, proposal: AnyProposal) -> list[Outcome[C]]:
        try:
            return self._propose(proposal)
        except Unavailable:  # the lines are left out, or it is tried again
            return []
