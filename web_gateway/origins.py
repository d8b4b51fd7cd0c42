"""Which pages may speak for their users here, and under which names the gateway is served."""

import re
import socket
from typing import Final

from chat_protocol.ip import read_ip

# As browsers write it: ASCII, other alphabets in their xn-- form, no dot at the end.
_HOST = r"\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_PORT = r"[1-9][0-9]{0,4}"
_AUTHORITY = re.compile(rf"({_HOST})(?::({_PORT}))?")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def read_host(text: str) -> str | None:
    """Return the host that a `Host` header names, in small letters and without the port; None if none."""
    found = _authority(text)
    return found and found[0]


def read_origin(text: str) -> str | None:
    """Return an origin in the one form in which equal ones are equal; None for what is no origin."""
    scheme, separator, authority = text.partition("://")
    scheme = scheme.lower()
    found = _authority(authority)
    if not separator or scheme not in _DEFAULT_PORTS or not found:
        return None
    host, port = found
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")


def _authority(text: str) -> tuple[str, str] | None:
    found = _AUTHORITY.fullmatch(text.lower()) if text.isascii() else None
    return (found[1], found[2] or "") if found else None


def may_speak(origin: str | None, scheme: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Say whether a page from `origin` may speak for its user at `scheme`://`host`.

    It may if it came from there itself, or is in `allowed`. Every browser names the origin,
    so a request without one is not a page's.
    """
    if origin is None:
        return True
    normal = read_origin(origin)
    return normal is not None and (normal == read_origin(f"{scheme}://{host}") or normal in allowed)


class Names:
    """The names the gateway is served under.

    A page from elsewhere can make its own name lead here (DNS rebinding) and would then be
    of the same origin; but it cannot take one of these.
    """

    def __init__(self, host: str, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]) -> None:
        """With no `allowed_hosts`, the names are this machine's, `host`, and all IP addresses."""
        self._any_address = not allowed_hosts
        self._names = set(allowed_hosts) or _local_names() | {host.lower()}
        self._names.update(read_host(origin.partition("://")[2]) or "" for origin in allowed_origins)

    def include(self, host: str) -> bool:
        """Say whether `host`, as `read_host` returns it, is one of them."""
        if host in self._names:
            return True
        return self._any_address and (read_ip(host.strip("[]")) is not None or host.endswith(".localhost"))


def _local_names() -> set[str]:
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {"localhost", name, short, f"{short}.local"}
