"""What moderators type after a slash, for whoever reads typed lines. Pure.

    /moderator PASSWORD
    /kick NAME[: reason]           /unban NAME, address or network
    /ban NAME, address or network [time][: reason]
    /mute NAME [time][: reason]    /unmute NAME
    /delete #id[: reason]          /announce text
    /whois NAME                    /bans

A name may have spaces. A time is a number and a unit, `10m`: s, m, h, d or с, м, ч, д. A last
word of a number and letters is never taken for a part of the name: `/ban Eve 10z` is a slip.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, get_args

from chat_protocol.contract import MAX_SANCTION_SECONDS
from chat_protocol.messages import Act, Authenticate, Bans, Moderate, Whois

Order = Authenticate | Moderate | Whois | Bans
"""What comes of a moderator's line."""

# A name has no colon, and one within an address has no space behind it, but for the last of a "::".
_REASON = re.compile(r"(?<!:):(?:\s+|$)")
_TIME = re.compile(r"([0-9]{1,9})([smhdсмчд])", re.IGNORECASE)
_LIKE_A_TIME = re.compile(r"[0-9][\w.,]*[^\W\d][\w.,]*")
_UNITS = {"s": 1, "с": 1, "m": 60, "м": 60, "h": 3600, "ч": 3600, "d": 86400, "д": 86400}
_ID = re.compile(r"#?([0-9]{1,15})")


class UsageError(ValueError):
    """A moderator's command that cannot be read; `verb` is its word, without the slash.

    `kind` is `misuse` where it lacks what it needs, and `bad_time` where `time` is none.
    """

    def __init__(self, verb: str, time: str = "") -> None:
        super().__init__(f"/{verb} needs {'another time than ' + time if time else 'something else'}")
        self.verb = verb
        self.kind: Literal["misuse", "bad_time"] = "bad_time" if time else "misuse"
        self.time = time


def parse_command(line: str) -> Order | None:
    """Understand a line that begins with a slash; None if it is no moderator's. Raises `UsageError`."""
    word, _, rest = line.strip().partition(" ")
    verb = word.removeprefix("/").lower()
    reader = _READERS.get(verb)
    if reader is None or not word.startswith("/"):
        return None
    order = reader(rest.strip())
    if order is None:
        raise UsageError(verb)
    return order


def _act(act: Act, rest: str) -> Moderate | None:
    """Read TARGET [time][: reason]. Raises `UsageError`."""
    target, text = _without_reason(rest)
    seconds = None
    before, _, last = target.rpartition(" ")
    if act in ("ban", "mute") and before and _LIKE_A_TIME.fullmatch(last):
        target, seconds = before.rstrip(), _seconds(last)
        if seconds is None:
            raise UsageError(act, last)
    return Moderate(act, target, seconds=seconds, text=text) if target else None


def _seconds(time: str) -> int | None:
    found = _TIME.fullmatch(time)
    seconds = int(found[1]) * _UNITS[found[2].lower()] if found else 0
    return seconds if 1 <= seconds <= MAX_SANCTION_SECONDS else None


def _delete(rest: str) -> Moderate | None:
    number, text = _without_reason(rest)
    found = _ID.fullmatch(number)
    return Moderate("delete", id=int(found[1]), text=text) if found and int(found[1]) else None


def _announce(rest: str) -> Moderate | None:
    return Moderate("announce", text=rest) if rest else None


def _without_reason(rest: str) -> tuple[str, str]:
    target, *reason = _REASON.split(rest, maxsplit=1)
    return target.strip(), "".join(reason).strip()


_READERS: dict[str, Callable[[str], Order | None]] = {
    **{act: partial(_act, act) for act in get_args(Act)},
    "delete": _delete,
    "announce": _announce,
    "moderator": lambda rest: Authenticate(rest) if rest else None,
    "whois": lambda rest: Whois(rest) if rest else None,
    "bans": lambda rest: None if rest else Bans(),
}

VERBS: Final = frozenset(_READERS)
"""The words of the commands, without the slash."""
