"""What the audit log has and the log lacks: the server was killed between record and commit."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from chat_protocol.ip import Network, parse_network
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.moderation.bans import Sanction, SanctionList, is_too_wide
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.names import BadName, parse_name
from tcp_server.room.proposals import Act, Sanctioned

_MAX_NAME = 128
"""Longest name, in characters, whose look-alikes a ban finds: to compare names takes long."""


def unapplied(
    audit_log: AuditLog, history: History, now: float, trusted: Sequence[Network] = ()
) -> list[Sanctioned | Act]:
    """Return what to propose at the start, so that everything recorded is in force. Raises `BadHistory`.

    A log in memory has no sanctions: the whole record counts.
    `trusted` are the proxies that others connect through, `now` is in seconds since 1970. Names have
    the keys of this version from now on. An id may have been reused since it was deleted, so the
    message must match the record.
    """
    sanctions = Sanctions(history.sanctions)
    restored = Sanctions(b"")
    deletions: list[Sanctioned | Act] = []
    for ban in sanctions.bans:
        _restore_ban(restored, ban, now, trusted)
    for mute in sanctions.mutes:
        _restore_person(restored.mutes, mute, now)
    last = sanctions.at
    for entry in audit_log.entries():
        if entry.act == "delete":
            if _is_deletion_missing(entry, history):
                deletions.append(Act(0, "delete", id=entry.id, text=entry.text, by=entry.by))
        elif entry.at >= sanctions.at:
            with suppress(ValueError, OverflowError):  # invalid timestamp or session
                _redo(restored, entry, now, trusted)
                last = max(last, entry.at)
    in_force = restored.in_force(now)
    if in_force == sanctions.in_force(now) and last == sanctions.at:
        return deletions
    return [Sanctioned(last, *in_force), *deletions]


def _redo(sanctions: Sanctions, entry: Entry, now: float, trusted: Sequence[Network]) -> None:
    """Apply an action from before the start. Raises `ValueError`, `OverflowError`."""
    network = parse_network(entry.target)
    match entry.act:
        case "ban":
            _restore_ban(sanctions, _sanction(entry), now, trusted)
        case "mute":
            _restore_person(sanctions.mutes, _sanction(entry), now)
        case "unban" if network is not None:
            sanctions.bans.lift(network, now)
        case "unban":
            sanctions.bans.people.lift(keys_of(entry.target), now)
        case "unmute":
            sanctions.mutes.lift(keys_of(entry.target), now)


def _restore_ban(sanctions: Sanctions, ban: Sanction, now: float, trusted: Sequence[Network]) -> None:
    network = parse_network(ban.target)
    if network is None:
        _restore_person(sanctions.bans.people, ban, now)
        return
    sanctions.bans.lift(network, now)
    if not ban.is_over(now) and not is_too_wide(network, trusted):
        sanctions.bans.put(network, ban, now)


def _restore_person(sanctions: SanctionList, sanction: Sanction, now: float) -> None:
    keys = keys_of(sanction.target)
    if sanction.is_over(now):
        sanctions.lift(keys, now)
    else:
        sanctions.put(sanction._replace(keys=keys), now)


def _is_deletion_missing(entry: Entry, history: History) -> bool:
    """Return whether a recorded deletion is missing in the log."""
    if entry.id is None or not history.first <= entry.id <= history.last:
        return False
    with suppress(Unavailable):  # the history has logged it
        message = find_message(history, entry.id)
        return (
            message is not None
            and not message.deleted
            and message.name == entry.target
            and message.at <= entry.at
        )
    return False


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
