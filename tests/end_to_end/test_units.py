"""The units of systemd in docs/systemd: correct, confined, and with flags that the programs accept."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.requirements import needs_systemd
from tests.support.timing import TIMEOUT

UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))
_INSTALLED = "/opt/oneroom/bin"
_MODULES = {"oneroom-server": "tcp_server", "oneroom-web": "web_gateway"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the units, which start programs that are there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for unit in UNITS:
        (programs / unit.stem).symlink_to(sys.executable)
        (tmp_path / unit.name).write_text(unit.read_text().replace(_INSTALLED, str(programs)))
    return tmp_path


def analyze(*arguments: str | Path) -> str:
    done = subprocess.run(
        ("systemd-analyze", "--no-pager", *arguments),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_has_nothing_to_say_about_them(folder: Path) -> None:
    assert analyze("verify", "--man=no", *folder.glob("*.service")) == ""


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_they_are_confined(folder: Path, unit: Path) -> None:
    """At most 2.0 of 10, where 10 is everything."""
    analyze("security", "--offline=yes", "--threshold=20", folder / unit.name)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_programs_accept_what_they_are_started_with(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    program, *flags = shlex.split(line)
    assert program == f"{_INSTALLED}/{unit.stem}"
    done = subprocess.run(
        (sys.executable, "-m", _MODULES[unit.stem], *flags, "--print-config"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert flags[1] in done.stdout
