"""Names that only programs may have which show a token: those of webhooks and bots (`--reserve`)."""

import hmac
from collections.abc import Sequence

from chat_protocol.settings import BadConfig
from tcp_server.config import Reservation
from tcp_server.room.names import BadName, Name, parse_name


class ReservedNames:
    """Finds the reservation of a name, and of what looks like it. Never changes."""

    def __init__(self, reservations: Sequence[Reservation], max_name: int) -> None:
        """Raises `BadConfig` for a name that nobody may have, or that two of them share."""
        self._tokens: dict[str, bytes] = {}  # digests, by the keys of the names
        for one in reservations:
            try:
                name = parse_name(one.name, max_name)
            except BadName as error:
                raise BadConfig(f"--reserve: {one.name!r} cannot be a name here: {error.text}") from None
            if name in self:
                raise BadConfig(f"--reserve: {one.name!r} is there twice, or looks like another one")
            self._tokens |= dict.fromkeys(name.keys, one.digest)

    def __contains__(self, name: Name) -> bool:
        return any(key in self._tokens for key in name.keys)

    def admits(self, name: Name, token: str | None) -> bool:
        """Return whether a token is that of a name; takes constant time for each name."""
        digest = Reservation.digest_of(token or "")
        return any(hmac.compare_digest(self._tokens.get(key, b""), digest) for key in name.keys)
