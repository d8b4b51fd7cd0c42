"""A room on three servers with two moderators, and guests whom they kick, ban and mute."""

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from time import time

from chat_protocol.messages import Moderate
from tcp_server.cluster.positions import to_id
from tcp_server.room import proposals as p
from tests.faults.acts import Acted
from tests.faults.cluster_environment import PASSWORD, STREAM, ClusterEnvironment
from tests.faults.decisions import Decided, Words, check_notices, check_quotes, decided
from tests.faults.inspection import (
    check_banned,
    check_files,
    check_muted,
    check_records,
    check_server,
    check_tail,
)
from tests.faults.moderated import Guest, Moderator
from tests.faults.participants import Participant
from tests.faults.wires import Opener, TcpWire
from tests.support.redis_server import RedisServer
from tests.support.timing import IS_LONG

_MODERATORS = 2
_GUESTS = 4

_MODERATING = 0.1 if IS_LONG else 0.3
"""How often a moderator does something when the writers might say something."""


def unread_acts(redis: RedisServer, log: Path, server: str) -> int:
    """Return how many acts of moderators a server has added that it has not applied; it has ended.

    `log` is its file, `server` its name.
    """
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as db:
        kept = db.execute("SELECT position, data FROM tail ORDER BY position").fetchall()
    run = b""
    for entry in [p.decode(data) for _, data in kept]:
        if any(isinstance(one, p.Up) and one.server == server for one in entry.proposals):
            run = entry.incarnation
    later = redis.do("XRANGE", STREAM, f"({to_id(kept[-1][0])}", "+")
    own = [entry for _, fields in later if (entry := p.decode(fields[b"b"])).incarnation == run]
    return sum(isinstance(one, p.Act) for entry in own for one in entry.proposals)


class ModeratedCluster(ClusterEnvironment):
    """As `ClusterEnvironment`; what moderators do is checked on every server.

    In `make test` they are there only if they `must` be: one such round costs a second of CPU time.
    """

    def __init__(
        self, folder: Path, rng: random.Random, *flags: str, server: str = "tcp_server", must: bool = False
    ) -> None:
        self._is_moderated = IS_LONG or must
        super().__init__(folder, rng, *flags, server=server)

    def _make_others(self) -> None:
        names = [f"guest {number}" for number in range(_GUESTS if self._is_moderated else 0)]
        openers: list[Opener] = [self._tcp, self._websocket]

        def chance() -> random.Random:
            return random.Random(self.rng.random())

        self.guests = [Guest(name, openers[number % 2], chance()) for number, name in enumerate(names)]
        self.moderators = [
            Moderator(f"keeper {number}", openers[number % 2], chance(), PASSWORD, names)
            for number in range(_MODERATORS if self._is_moderated else 0)
        ]

    @property
    def participants(self) -> Sequence[Participant]:
        return (*super().participants, *self.moderators)

    @property
    def senders(self) -> Sequence[Participant]:
        return (*self.writers, *self.moderators, *self.guests)

    @property
    def present(self) -> Sequence[Participant]:
        return (*self.participants, *(one for one in self.guests if not one.is_banned))

    @property
    def everybody(self) -> Sequence[Participant]:
        return (*self.participants, *self.guests)

    def _talk_more(self) -> None:
        if self._is_moderated and self._talking.is_set() and self.rng.random() < _MODERATING:
            self.rng.choice(self.moderators).moderate()
            guest = self.rng.choice(self.guests)
            guest.say(self._text(guest))
            guest.act()

    def give_up(self) -> None:
        """Let a moderator give up what is not answered, or none."""
        if self.moderators and self.rng.random() < 0.5:
            self.rng.choice(self.moderators).give_up()

    def _uncertain(self) -> set[int]:
        return set[int]().union(*(getattr(one, "uncertain", ()) for one in self.everybody))

    def _acts(self) -> list[Acted]:
        return [acted for sender in self.senders for acted in sender.acted]

    def wait_for_guests(self) -> Decided:
        """Wait until those are in who may be, and nothing is about to end; return what is in force then."""
        state, look_at = Decided(), 0  # in milliseconds since 1970
        if not self._is_moderated:
            return state

        def is_settled() -> bool:
            nonlocal state, look_at
            newest = self._newest()
            there = [guest.is_banned or guest.is_up_to_date(newest) for guest in self.guests]
            there += [one.is_up_to_date(newest) for one in self.participants]
            now = round(1000 * time())
            if now < look_at or not all(there):
                return False
            state = decided(self._log(), self._acts())
            look_at = max(state.ends_before(now, now + 60_000), default=now) + 100
            return look_at == now + 100 and state.banned(now) == {
                guest.name for guest in self.guests if guest.is_banned
            }

        self.wait_for(is_settled, "the guests do not come back, or are not out")
        for guest in self.guests:
            guest.note_open()
            guest.seen.complete = not guest.is_banned
        return state

    def wrong_decisions(self, state: Decided, number: int) -> list[str]:
        """Return what is wrong with what moderators have decided, on the server that is observed."""
        if not self._is_moderated:
            return []
        log, acts, acked = self._log(), self._acts(), self._numbers()
        deleted = {text.split()[0]: id_ for text, id_ in acked.items() if id_ in log and log[id_].deleted}
        searched = dict(self.rng.sample(sorted(deleted.items()), min(5, len(deleted))))
        moderators = {one.name for one in self.moderators}
        return [
            *state.wrong,
            *check_notices(acts, log),
            *check_quotes(log),
            *check_server(self.servers[number].address, PASSWORD, state, moderators, searched),
            *check_tail(self.logs[number], Words(log, acked)),
        ]

    def wrong_doors(self, state: Decided) -> list[str]:
        """Return where those who are banned get in, and where those who are muted may speak."""
        doors: list[Opener] = [partial(TcpWire, server.address) for server in self.servers]
        doors += [self._tcp, self._websocket]
        wrong: list[str] = []
        for guest in self.guests:
            if guest.is_banned:
                wrong += check_banned(guest.name, guest.session, doors)
            elif guest.name in state.mutes and not state.mutes[guest.name].is_over(round(time() * 1000)):
                wrong += check_muted(guest.name, guest.session, doors)
        return wrong

    def decisions(self) -> str:
        """Return how many of each kind moderators have made, for a person."""
        counts = Counter(one.act.act for one in self._acts() if isinstance(one.act, Moderate))
        return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))

    def moderated(self) -> int:
        """Return the server to which a moderator was connected last."""
        return max(range(len(self.logs)), key=lambda number: self._record_of(number).stat().st_mtime)

    def _record_of(self, number: int) -> Path:
        log = self.logs[number]
        return log.with_name(f"{log.name}.audit.jsonl")

    def wrong_records(self) -> list[str]:
        """Return what is wrong in the moderators' records of all servers."""
        said = {text for moderator in self.moderators for text in moderator.sent.said}
        files = [self._record_of(number) for number in range(len(self.logs))]
        return [*check_records(files, [one for one in self._acts() if isinstance(one.act, Moderate)], said)]

    def stop_and_check_files(self) -> list[str]:
        """Stop all servers; return which of their files still have a text that is gone."""
        if not self._is_moderated:
            return []
        texts = Words(self._log(), self._numbers())
        for server in self.servers:
            server.stop()
        return [*check_files(self.logs, texts)]

    def _numbers(self) -> dict[str, int]:
        """Return the numbers of all texts that were acknowledged."""
        return {text: number for sender in self.senders for text, number in [*sender.sent.acked.items()]}
