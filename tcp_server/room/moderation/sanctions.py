"""Bans and mutes, stored in the log and recorded in the audit log."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from chat_protocol.ip import Network, parse_network
from chat_protocol.messages import Mute, Notice, timestamp
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.moderation.bans import Bans, Sanction, SanctionList
from tcp_server.room.names import BadName, parse_name

_MAX_NAME = 128
"""Longest name, in characters, whose look-alikes a ban finds: to compare names takes long."""

_MAX_MUTES = 1000


class _Stored(msgspec.Struct, frozen=True):
    """What the log stores: the time of the last action of which it has the effect, and what is in force."""

    at: str = ""
    bans: Sequence[Sanction] = ()
    mutes: Sequence[Sanction] = ()


_decoder = msgspec.msgpack.Decoder(_Stored)


class Sanctions:
    """The bans and mutes in force, and the audit log.

    Not thread-safe: the caller holds the sequencer's room lock, except for `bans.is_banned`.
    """

    def __init__(
        self,
        audit_log: AuditLog,
        history: History,
        trusted: Sequence[Network] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        """Restore those in the log, and then what was recorded after them. Raises `BadHistory`.

        So they are kept when the audit log is moved away, and when the server was killed between
        record and commit. A log in memory has none: the whole record is what counts.
        `trusted` are the proxies that others connect through; `now` returns seconds since 1970.
        """
        self.now = now
        self.bans = Bans(trusted, now)
        self.mutes = SanctionList(now)
        self.record = audit_log.record  # raises `Unavailable`
        self.close = audit_log.close
        self._history = history
        self._deletions: list[Entry] = []
        stored = _decoder.decode(history.sanctions) if history.sanctions else _Stored()
        for ban in stored.bans:
            self._restore_ban(ban)
        for mute in stored.mutes:
            self._restore_person(self.mutes, mute)
        last = stored.at
        for entry in audit_log.entries():
            if entry.act == "delete":
                self._deletions.append(entry)
            elif entry.at >= stored.at:
                with suppress(ValueError, OverflowError):  # invalid timestamp or session
                    self._redo(entry)
                    last = max(last, entry.at)
        if last != stored.at:
            self.save(last)

    def save(self, at: str) -> None:
        """Stage those in force for the next commit; `at` is the time of the last action."""
        self._history.sanctions = msgspec.msgpack.encode(_Stored(at, [*self.bans], [*self.mutes]))

    def seconds_left(self, sanction: Sanction) -> float | None:
        """Return for how long a sanction will be in force; None means for ever."""
        return None if sanction.until is None else round(max(sanction.until - self.now(), 0.1), 1)

    def muted(self) -> tuple[Mute, ...]:
        """Return the newest mutes in force, at most 1,000."""
        newest = sorted(self.mutes, key=lambda mute: mute.at)[-_MAX_MUTES:]
        return tuple(Mute(mute.target, self.seconds_left(mute)) for mute in newest)

    def redo_deletions(self) -> None:
        """Redo recorded deletions that were not committed when the server ended, with their notices.

        An id may have been reused since, so the message must match the record. Call once, at
        the start.
        """
        with suppress(Unavailable):  # the history has logged it
            for entry in self._deletions:
                if _is_deletion_missing(entry, self._history):
                    notice = Notice("delete", entry.by, id=entry.id, text=entry.text)
                    self._history.delete(entry.id or 0)
                    notices.append(notice, timestamp(), self._history)
            self._history.commit()
        self._deletions.clear()

    def _redo(self, entry: Entry) -> None:
        """Apply an action from before the start. Raises `ValueError`, `OverflowError`."""
        network = parse_network(entry.target)
        match entry.act:
            case "ban":
                self._restore_ban(_sanction(entry))
            case "mute":
                self._restore_person(self.mutes, _sanction(entry))
            case "unban" if network is not None:
                self.bans.lift(network)
            case "unban":
                self.bans.people.lift(keys_of(entry.target))
            case "unmute":
                self.mutes.lift(keys_of(entry.target))

    def _restore_ban(self, ban: Sanction) -> None:
        network = parse_network(ban.target)
        if network is None:
            self._restore_person(self.bans.people, ban)
            return
        self.bans.lift(network)
        if not ban.is_over(self.now()) and not self.bans.is_too_wide(network):
            self.bans.put(network, ban)

    def _restore_person(self, sanctions: SanctionList, sanction: Sanction) -> None:
        keys = keys_of(sanction.target)  # those of this version
        if sanction.is_over(self.now()):
            sanctions.lift(keys)
        else:
            sanctions.put(sanction._replace(keys=keys))


def _is_deletion_missing(entry: Entry, history: History) -> bool:
    """Return whether a recorded deletion is missing in the log. Raises `Unavailable`."""
    if entry.id is None or not history.first <= entry.id <= history.last:
        return False
    message = find_message(history, entry.id)
    return (
        message is not None
        and not message.deleted
        and message.name == entry.target
        and message.at <= entry.at
    )


def _sanction(entry: Entry) -> Sanction:
    """Return the ban or mute that an entry records. Raises `ValueError`, `OverflowError`."""
    start = datetime.fromisoformat(entry.at).timestamp()
    until = None if entry.seconds is None else start + entry.seconds
    session = bytes.fromhex(entry.session) or None
    return Sanction(entry.target, entry.at, until, entry.by, entry.text, session=session)


def keys_of(target: str) -> tuple[str, ...]:
    """Return the keys of a name, which may be longer than the present limit."""
    try:
        return parse_name(target, min(len(target), _MAX_NAME)).keys
    except BadName:
        return (target,)
