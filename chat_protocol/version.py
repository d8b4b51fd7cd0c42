"""The version of the product."""

from importlib import metadata


def version() -> str:
    """Return what the programs answer to `--version`: "unknown" in a copy that was never installed."""
    try:
        return metadata.version("oneroom")
    except metadata.PackageNotFoundError:
        return "unknown"
