"""Certificates that nobody but a test trusts."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.requirements import OPENSSL


class Certificate(NamedTuple):
    """Files in PEM: the certificate, its key, and both in one."""

    public: Path
    key: Path
    both: Path


def self_signed(folder: Path, host: str) -> Certificate:
    """Make a certificate of two days for `host` and 127.0.0.1 in a folder."""
    public, key, both = folder / "front.crt", folder / "front.key", folder / "front.pem"
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-noenc", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1"),
            *("-out", public, "-keyout", key),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    both.write_bytes(public.read_bytes() + key.read_bytes())
    return Certificate(public, key, both)
