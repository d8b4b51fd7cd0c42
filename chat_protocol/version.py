"""The version of the product."""

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Return what the programs answer to `--version`: "unknown" in a copy that was never installed."""
    try:
        return metadata.version("oneroom")
    except metadata.PackageNotFoundError:
        return "unknown"
