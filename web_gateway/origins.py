"""Checks of the `Origin` and `Host` headers."""

import re
import socket
from http import HTTPStatus
from typing import Final

from chat_protocol.ip import parse_ip

# As browsers write it: ASCII, other alphabets as xn-- labels. The dot of an absolute name may be at its end.
_HOST = r"\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?"
_PORT = r"[1-9][0-9]{0,4}"
_AUTHORITY = re.compile(rf"({_HOST})(?::({_PORT}))?")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def parse_host(text: str) -> str | None:
    """Return the host of a `Host` header, in lower case without port and last dot; None if it is invalid."""
    found = _authority(text)
    return found[0].removesuffix(".") if found else None


def parse_origin(text: str) -> str | None:
    """Return an http or https origin in normal form (RFC 6454, section 6.2); None if it is none."""
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


def is_allowed_origin(origin: str | None, scheme: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Return whether a page from `origin` may open a WebSocket at `scheme`://`host`.

    It may if it is of the same origin or of one in `allowed`. Browsers always send an origin, so a
    request without one comes from a program, and is allowed.
    """
    if origin is None:
        return True
    normal = parse_origin(origin)
    return normal is not None and (normal == parse_origin(f"{scheme}://{host}") or normal in allowed)


class ServedHosts:
    """The host names under which the gateway answers, against DNS rebinding.

    A foreign page can make its own host name resolve to the gateway and so be of the same origin,
    but it cannot use one of these names.
    """

    def __init__(self, host: str, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]) -> None:
        """Without `allowed_hosts`, allow the names of this machine, `host`, and all IP addresses.

        The hosts of `allowed_origins` are allowed always.
        """
        self._allows_addresses = not allowed_hosts
        self._names = set(allowed_hosts) or _local_names() | {host.lower().removesuffix(".")}
        self._names.update(parse_host(origin.partition("://")[2]) or "" for origin in allowed_origins)

    def check(self, host: str, target: str) -> HTTPStatus | None:
        """Return the status with which to refuse a request for its `Host` or target, or None."""
        for authority in [host, *_target_authority(target)]:
            name = parse_host(authority)
            if name is None:
                return HTTPStatus.BAD_REQUEST
            if name not in self:
                return HTTPStatus.MISDIRECTED_REQUEST
        return None

    def __contains__(self, host: str) -> bool:
        """Return whether `host`, as `parse_host` returns it, is one of them."""
        if host in self._names:
            return True
        return self._allows_addresses and (
            parse_ip(host.strip("[]")) is not None or host.endswith(".localhost")
        )


def _target_authority(target: str) -> list[str]:
    """Return the authority of a target in absolute form (RFC 9112, section 3.2.2); other forms have none."""
    scheme, separator, rest = target.partition("://")
    return re.split("[/?#]", rest)[:1] if separator and scheme.isalpha() else []


def _local_names() -> set[str]:
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {"localhost", name, short, f"{short}.local"}
