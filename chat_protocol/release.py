"""Which release of the product this is."""

from importlib import metadata


def release() -> str:
    """Return what the programs answer to `--version`; in a copy that was never installed, "unknown"."""
    try:
        return metadata.version("oneroom")
    except metadata.PackageNotFoundError:
        return "unknown"
