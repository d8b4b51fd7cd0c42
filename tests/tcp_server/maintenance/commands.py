"""The commands that look after a log, run as their user runs them."""

import subprocess
import sys
from pathlib import Path

from tests.support import processes

PROGRAM = (sys.executable, "-m", "tcp_server")


def run(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, which must have that exit status."""
    done = processes.run(*PROGRAM, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def digest_of(path: Path) -> str:
    """Return the digest of a log, which must be whole."""
    lines = run("check", "--history", path).stdout.splitlines()
    assert lines[-1] == "whole"
    (digest,) = (line for line in lines if line.startswith("digest "))
    return digest
