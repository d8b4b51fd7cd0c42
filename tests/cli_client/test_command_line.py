"""Empty values on the command line and in the environment."""

import os
import subprocess
import sys

import pytest

from cli_client.cli import main
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an address; no connection is made."""
    monkeypatch.setattr("cli_client.cli.Pipe", None)
    monkeypatch.delenv("ONEROOM_NAME", raising=False)
    return "127.0.0.1:1"


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("option", ["--tls-pin", "--tls-ca", "--password-file", "--name"])
@pytest.mark.parametrize("others", [[], ["--tls"]])
def test_an_empty_value_is_refused_like_a_missing_one(
    unreachable: str, capsys: pytest.CaptureFixture[str], lang: str, option: str, others: list[str]
) -> None:
    """`--tls-pin "$UNSET"` must not mean "without TLS"."""
    for value in ([], [""]):
        with pytest.raises(SystemExit) as ended:
            main([unreachable, "--lang", lang, *others, option, *value])
        assert ended.value.code == 2
        output = capsys.readouterr()
        error = {"ru": "не понимаю параметры", "en": "cannot understand the arguments"}[lang]
        assert output.err.startswith(f"oneroom: {error}: {option}\n")
        assert not output.out


@pytest.mark.parametrize("pin", [" ", ":", "=", "SHA256 Fingerprint="])
def test_an_empty_fingerprint_is_refused(unreachable: str, pin: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([unreachable, "--name", "Анна", "--tls-pin", pin])
    assert ended.value.code == 2


def test_an_empty_variable_counts_as_not_set(
    unreachable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONEROOM_NAME", "")
    monkeypatch.setenv("ONEROOM_PASSWORD", "")
    with pytest.raises(SystemExit) as ended:
        main([unreachable, "--lang", "en"])
    assert ended.value.code == 2
    assert "a name is needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("http://localhost:5000", "localhost:8080"),
        ("http://localhost:5000/#1043", "localhost:8080"),
        ("localhost:5000/", "localhost:8080"),
        ("ws://[::1]:5000/ws", "[::1]:8080"),
        ("https://chat.example.org/chat", "chat.example.org:6697 --tls"),
        ("wss://chat.example.org/ws", "chat.example.org:6697 --tls"),
    ],
)
def test_the_address_of_a_page_is_answered_by_what_to_type(
    capsys: pytest.CaptureFixture[str], typed: str, instead: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([typed, "--name", "Анна", "--lang", "en"])
    assert ended.value.code == 2
    page = f"oneroom: {typed} is the address of a page; the room has its own, usually: oneroom {instead}\n"
    assert capsys.readouterr().err == page


@pytest.mark.parametrize("typed", ["http://", "/", "http://[::1", "//"])
def test_what_is_no_address_is_called_so(capsys: pytest.CaptureFixture[str], typed: str) -> None:
    with pytest.raises(SystemExit):
        main([typed, "--name", "Анна", "--lang", "en"])
    assert capsys.readouterr().err == f"oneroom: not an address: {typed}\n"


@pytest.mark.parametrize(
    ("encoding", "flags", "shown"),
    [
        ("ascii", (), "print this help"),
        ("cp866", (), "показать эту справку"),
        ("ascii", ("--lang", "ru"), r"\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u044c"),
    ],
)
def test_help_suits_the_encoding_of_the_terminal(encoding: str, flags: tuple[str, ...], shown: str) -> None:
    command = (sys.executable, "-m", "cli_client", "--help", *flags)
    env = os.environ | {"LC_ALL": "ru_RU.UTF-8", "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=TIMEOUT, check=True)
    assert shown in done.stdout.decode(encoding)
