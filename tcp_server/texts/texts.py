"""What a language has texts for."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from chat_protocol.contract import PROMPT

_NOT_LINES: Final = {
    *("system_name", "units", "time_format", "and_more", "edited"),
    *("exit_code", "lost", "output_gone", "moderator", "away", "since"),
}


class Texts(Struct, frozen=True, kw_only=True):
    """The texts of one language. {braces} are variable parts, which the caller fills in.

    Each line begins with words of its own, so that names which begin like it can be reserved.
    """

    system_name: str
    """The sender of the room's own messages."""
    units: tuple[tuple[int, str], ...]
    """Units of time, each with its seconds, the longest first."""
    time_format: str
    """How the time of a message is shown, for `strftime`."""
    refusals: Mapping[str, str]
    """Why a join is refused, by error code."""
    suggestion: str
    """Follows a refusal."""
    password_prompt: str
    """Without LF: the answer is typed on the same line."""
    errors: Mapping[str, str]
    """Error texts, by error code."""
    errors_with_time: Mapping[str, str]
    """Error texts with the time that is left, by error code."""
    other_error: str
    bye_reasons: Mapping[str, str]
    """Why the server closes a connection, by `bye` reason."""
    other_bye: str
    help: str
    moderators_help: str
    usage: Mapping[str, str]
    """How each command is written, and what it does, by name."""
    misuse: str
    notices: Mapping[str, str]
    """What moderators do, by act; `_address`: an address, which is secret, `_for_good`: without a time."""
    reason: str
    """Follows a notice or a ban."""
    room: str
    """Before the greeting: the room's title, its welcome, or both."""
    greeting: str
    greeting_alone: str
    greeting_as: str
    """Before the greeting of who came in with a code."""
    topic: str
    link: str
    """A one-time code, and how to use it: several lines."""
    moderator: str
    away: str
    """Behind a name in the list of members."""
    now_away: str
    now_back: str
    since: str
    """Follows the addresses of a member."""
    members: str
    and_more: str
    """Follows some names."""
    whois: str
    whois_unknown: str
    ban: str
    ban_for_good: str
    nobody_banned: str
    more_bans: str
    no_history: str
    nothing_found: str
    deleted: str
    """Stands for the text of a deleted message."""
    edited: str
    """Follows the text of an edited message."""
    exit_code: str
    """Follows the title of a live message that has failed."""
    lost: str
    """Follows that of one which nobody has ended."""
    output_gone: str
    """Stands for the output of a command that is no longer kept."""
    throttled: str
    new_moderator: str
    no_moderator: str
    encoding_changed: str
    language_changed: str

    def prompt_after(self, code: str) -> str:
        """Return the prompt after a refused join, by error code; empty for other errors."""
        if code == "password_required":
            return self.password_prompt
        return PROMPT.decode() if code in self.refusals else ""

    def duration(self, seconds: float) -> str:
        """Return a duration such as "1 h 30 min", rounded up to whole seconds, at least one."""
        left = max(1, -int(-seconds // 1))
        parts = []
        for size, unit in self.units:
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count} {unit}")
        return " ".join(parts)

    def beginnings(self) -> Iterator[str]:
        """Yield the words before the first variable part of each line."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if field not in _NOT_LINES:
                for text in [value] if isinstance(value, str) else value.values():
                    for line in text.splitlines():
                        yield line.partition("{")[0]
