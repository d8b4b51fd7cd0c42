"""Opens the stream of a cluster. Only here, and only when asked for, is redis-py imported."""

from tcp_server.cluster.stream import Stream, Unfit
from tcp_server.redis_url import RedisUrl


def open_stream(url: RedisUrl) -> Stream:
    """Return the stream at a URL, not started. Raises `Unfit` where a library or a file is missing."""
    try:
        from tcp_server.cluster.redis_stream import RedisStream  # noqa: PLC0415 - of an extra
    except ImportError as error:
        if not (error.name or "").startswith("redis"):
            raise
        raise Unfit("a cluster needs the library redis: pip install 'oneroom[cluster]'") from None
    return RedisStream(url)
