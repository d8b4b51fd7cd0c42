"""A program that cannot run says in one sentence what to type instead."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PROGRAMS = {"tcp_server": "oneroom-server", "web_gateway": "oneroom-web", "cli_client": "oneroom"}

# Runs a program as `-m` does, after some lines of preparation.
_PREPARED = "import runpy, sys; {}; runpy.run_module('{}', run_name='__main__', alter_sys=True)"


def run(*arguments: str, cwd: Path = ROOT) -> tuple[int, str]:
    """Run Python; return its exit code and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize(("module", "program"), PROGRAMS.items())
def test_without_its_libraries(module: str, program: str) -> None:
    code, said = run("-E", "-S", "-m", module)
    assert said == (
        f"{program} needs the library msgspec: type `make run`, which installs what it needs "
        f"and starts the room, or `pip install .` and then `{program}`\n"
    )
    assert code == 1


@pytest.mark.parametrize(("module", "program"), PROGRAMS.items())
def test_with_a_python_that_is_too_old(module: str, program: str) -> None:
    code, said = run("-c", _PREPARED.format("sys.version_info = (3, 9, 2, 'final', 0)", module))
    needed = f"{program} needs Python 3.11 or newer, and this is 3.9"
    assert said == f"{needed}: type `make run PYTHON=python3.11`\n"
    assert code == 1


def test_on_a_system_that_lacks_a_module_of_the_standard_library() -> None:
    code, said = run("-c", _PREPARED.format("sys.modules['resource'] = None", "tcp_server"))
    assert said == (
        "oneroom-server needs a complete Python on Linux or macOS, and this one has no module resource: "
        "on Windows type `wsl make run`\n"
    )
    assert code == 1


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("import tcp_server.nowhere", "ModuleNotFoundError: No module named 'tcp_server.nowhere'"),
        ("from tcp_server.config import nothing", "ImportError: cannot import name 'nothing'"),
        ("import json.nowhere", "ModuleNotFoundError: No module named 'json.nowhere'"),
    ],
)
def test_a_mistake_of_our_own_still_shows_itself(tmp_path: Path, line: str, error: str) -> None:
    (tmp_path / "broken.py").write_text(f"{line}\n")
    start = "from chat_protocol.launcher import launcher; launcher('oneroom-server', 'broken')()"
    code, said = run("-c", f"import sys; sys.path.append({str(tmp_path)!r}); {start}")
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith(error)
    assert code == 1


def test_it_can_be_interrupted_at_any_moment(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt\n")
    start = "from chat_protocol.launcher import launcher; sys.exit(launcher('oneroom', 'slow')())"
    assert run("-c", f"import sys; sys.path.append({str(tmp_path)!r}); {start}") == (130, "")


def test_an_old_python_can_read_it() -> None:
    entrances = [ROOT / package / name for package in PROGRAMS for name in ("__init__.py", "__main__.py")]
    for path in [ROOT / "chat_protocol" / "__init__.py", ROOT / "chat_protocol" / "launcher.py", *entrances]:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 7))
