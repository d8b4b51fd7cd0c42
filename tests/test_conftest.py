"""The guards of every other test do fail when they should."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.requirements import PACKAGES

TESTS = """
import socket, subprocess, sys, threading
import conftest
import pytest

kept = []
stop = threading.Event()

def setup_function(test):
    # What stays for ever need not be waited for.
    conftest._TIMEOUT = 0.3 if test.__name__ in ("test_thread", "test_descriptor", "test_process") else 30

def test_thread():
    threading.Thread(target=stop.wait, args=(30,), name="forgotten", daemon=True).start()

def test_descriptor():
    kept.append(socket.socket())

def test_process():
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    kept.append(subprocess.Popen(command, stdin=subprocess.PIPE))

def test_crash_in_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

@pytest.mark.skip(reason="the program nginx is not installed")
def test_skipped():
    pass

@pytest.mark.xfail
def test_known():
    assert not kept

def test_clean():
    threading.Timer(0.05, print).start()

def test_signals_of_children():
    ask = "import signal; print(*map(signal.getsignal, (1, 2, 3, 15)), signal.pthread_sigmask(0, ()))"
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout
    print("a child has", said)

def test_end():
    stop.set()
    for thing in kept:
        if isinstance(thing, subprocess.Popen):
            thing.communicate()
        else:
            thing.close()
"""


def test_the_projects_own_check_installs_whatever_a_test_may_need() -> None:
    installed = set(re.split(r"[\s();]+", (ROOT / ".ci" / "run").read_text()))
    assert {package for packages in PACKAGES.values() for package in packages.split()} <= installed


@pytest.mark.parametrize(("no_skip", "workers"), [("", "0"), ("1", "1")])
def test_guards(tmp_path: Path, no_skip: str, workers: str) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_all.py").write_text(TESTS)
    done = subprocess.run(
        [
            *("/bin/sh", "-c", 'trap "" HUP INT QUIT TERM; exec "$@"', "sh"),  # as nohup and `&` have it
            *(sys.executable, "-m", "pytest", "-rA", "-W", "error", "-p", "no:cacheprovider"),
            *("-n", workers, "--dist", "loadfile", "."),
        ],
        cwd=tmp_path,
        env=os.environ | {"ONEROOM_NO_SKIP": no_skip},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    said = done.stdout
    for what in ("thread forgotten", "descriptor [0-9]+ -> socket", "process [0-9]+"):
        assert re.search(f"left over: .*{what}", said), said
    assert "FAILED test_all.py::test_crash_in_thread" in said, said
    assert "XFAIL test_all.py::test_known" in said, said
    assert "PASSED test_all.py::test_clean" in said, said
    assert ("ONEROOM_NO_SKIP is set, but: " in said) == bool(no_skip), said
    assert ("ERROR test_all.py::test_skipped" in said) == bool(no_skip), said
    assert "nginx. To run those tests too: apt-get install nginx libnginx-mod-stream\n" in said, said
    assert "a child has 0 <built-in function default_int_handler> 0 0 set()\n" in said, said
