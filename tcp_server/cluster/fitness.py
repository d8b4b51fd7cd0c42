"""Whether a Redis may keep the room, by what it says of itself (INFO)."""

from collections.abc import Mapping
from typing import Final

from tcp_server.cluster.stream import Unfit

_OLDEST: Final = (6, 2)


def parse_info(info: bytes) -> dict[str, str]:
    """Return the reply to INFO as a mapping."""
    lines = (line.partition(":") for line in info.decode(errors="replace").splitlines())
    return {key: value for key, colon, value in lines if colon}


def check(info: Mapping[str, str]) -> None:
    """Raise `Unfit` if what is acknowledged could be lost, or if commands are missing."""
    version = info.get("redis_version", "")
    major, minor = (int(part) if part.isdigit() else 0 for part in f"{version}..".split(".")[:2])
    if (major, minor) < _OLDEST:
        raise Unfit(f"Redis {version} is too old: 6.2 or newer is needed")
    if info.get("aof_enabled") != "1":
        raise Unfit(
            "Redis has no append-only file, so what is acknowledged would be lost when it ends; "
            "redis-cli CONFIG SET appendonly yes, then redis-cli CONFIG REWRITE"
        )
    policy = info.get("maxmemory_policy", "")
    if info.get("maxmemory") != "0" and policy != "noeviction":
        raise Unfit(
            f"Redis deletes keys when its memory is full ({policy}), so the room could be deleted; "
            "redis-cli CONFIG SET maxmemory-policy noeviction, then redis-cli CONFIG REWRITE"
        )
