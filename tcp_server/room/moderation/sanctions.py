"""Bans and mutes, restored from the audit log at the start."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

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


class Sanctions:
    """The bans and mutes in force, and the audit log.

    Not thread-safe: the caller holds the sequencer's room lock, except for `bans.is_banned`.
    """

    def __init__(
        self, audit_log: AuditLog, trusted: Sequence[Network] = (), now: Callable[[], float] = time.time
    ) -> None:
        """Restore what the audit log has. Raises `BadHistory`.

        `trusted` are the proxies that others connect through; `now` returns seconds since 1970.
        """
        self.now = now
        self.bans = Bans(trusted, now)
        self.mutes = SanctionList(now)
        self.record = audit_log.record  # raises `Unavailable`
        self.close = audit_log.close
        self._deletions: list[Entry] = []
        for entry in audit_log.entries():
            with suppress(ValueError, OverflowError):  # invalid timestamp or session
                self._restore(entry)

    def seconds_left(self, sanction: Sanction) -> float | None:
        """Return for how long a sanction will be in force; None means for ever."""
        return None if sanction.until is None else round(max(sanction.until - self.now(), 0.1), 1)

    def muted(self) -> tuple[Mute, ...]:
        """Return the newest mutes in force, at most 1,000."""
        newest = sorted(self.mutes, key=lambda mute: mute.at)[-_MAX_MUTES:]
        return tuple(Mute(mute.target, self.seconds_left(mute)) for mute in newest)

    def redo_deletions(self, history: History) -> None:
        """Redo recorded deletions that were not committed when the server ended, with their notices.

        An id may have been reused since, so the message must match the record. Call once, at
        the start.
        """
        with suppress(Unavailable):  # the history has logged it
            for entry in self._deletions:
                if _is_deletion_missing(entry, history):
                    notice = Notice("delete", entry.by, id=entry.id, text=entry.text)
                    history.delete(entry.id or 0)
                    notices.append(notice, timestamp(), history)
            history.commit()
        self._deletions.clear()

    def _restore(self, entry: Entry) -> None:
        """Apply an action from before the start. Raises `ValueError`, `OverflowError`."""
        network = parse_network(entry.target)
        match entry.act:
            case "ban" if network is not None:
                self._restore_network(entry, network)
            case "unban" if network is not None:
                self.bans.lift(network)
            case "ban" | "unban":
                _restore_person(self.bans.people, entry, self.now())
            case "delete":
                self._deletions.append(entry)
            case "mute" | "unmute":
                _restore_person(self.mutes, entry, self.now())

    def _restore_network(self, entry: Entry, network: Network) -> None:
        ban = _sanction(entry)
        self.bans.lift(network)
        if not ban.is_over(self.now()) and not self.bans.is_too_wide(network):
            self.bans.put(network, ban)


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


def _restore_person(sanctions: SanctionList, entry: Entry, now: float) -> None:
    sanction = _sanction(entry)
    if entry.act.startswith("un") or sanction.is_over(now):
        sanctions.lift(sanction.keys)
    else:
        sanctions.put(sanction)


def _sanction(entry: Entry) -> Sanction:
    """Return the ban or mute that an entry records. Raises `ValueError`, `OverflowError`."""
    start = datetime.fromisoformat(entry.at).timestamp()
    until = None if entry.seconds is None else start + entry.seconds
    session = bytes.fromhex(entry.session) or None
    return Sanction(entry.target, entry.at, until, entry.by, entry.text, keys_of(entry.target), session)


def keys_of(target: str) -> tuple[str, ...]:
    """Return the keys of a name, which may be longer than the present limit."""
    try:
        return parse_name(target, min(len(target), _MAX_NAME)).keys
    except BadName:
        return (target,)
