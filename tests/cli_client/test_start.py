"""A start does not load what it need not wait for. How long it takes: `make bench-start`."""

import subprocess
import sys
from collections.abc import Set as AbstractSet

import chat_client
from chat_protocol.messages import Say
from tests.chat_client.fake_room import FakeRoom
from tests.cli_client.test_pipe import answer_leave, run_pipe
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT

# What any Python and any version of the libraries load by themselves is not ours.
_GIVEN = "import argparse, pathlib, socket, sys, threading, {}; given = {{*sys.modules}}"
_LATER = "print(*({*sys.modules} - given), file=sys.stderr)"

_NEEDLESS = {
    "chat_client.client",
    "chat_client.live_message",
    "cli_client.one_shot",
    "cli_client.run",
    "cli_client.russian",
    "importlib.metadata",
    "markdown_it",
    "platformdirs",
    "pyte",
    "tomllib",
}
_NEEDLESS_TO_A_FILTER = _NEEDLESS | {
    "asyncio",
    "chat_protocol.commands",
    "chat_protocol.tls",
    "cli_client.render",
    "cli_client.terminal",
    "concurrent.futures",
    "encodings.idna",
    "hashlib",
    "logging",
    "prompt_toolkit",
    "random",
    "ssl",
    "tempfile",
    "wcwidth",
}


def test_a_filter_has_loaded_only_what_it_uses(room: FakeRoom) -> None:
    code = (
        f"{_GIVEN.format('msgspec')}; from cli_client import cli; code = cli.main(); {_LATER}; sys.exit(code)"
    )
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", command=("-c", code)) as pipe:
        pipe.write("раз\n")
        pipe.stdin.close()
        client = room.accept()
        client.welcome()
        client.ack(client.receive(Say).ref, 1)
        answer_leave(client)
        assert pipe.end() == 0
    assert _loaded(pipe.stderr.text) & _NEEDLESS_TO_A_FILTER == set()


def test_a_terminal_has_loaded_only_what_it_uses() -> None:
    code = f"{_GIVEN.format('msgspec, prompt_toolkit.shortcuts')}; import cli_client.terminal; {_LATER}"
    done = subprocess.run(
        (sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    assert _loaded(done.stderr) & _NEEDLESS == set()


def _loaded(text: str) -> AbstractSet[str]:
    modules = {*text.split()}
    assert "cli_client.translations" in modules
    return modules


def test_each_name_of_the_library_is_found_where_it_is_loaded_from() -> None:
    assert all(getattr(chat_client, name).__name__ == name for name in chat_client.__all__)
    assert {*chat_client.__all__} <= {*dir(chat_client)}
