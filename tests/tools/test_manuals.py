"""Man pages and shell completions, as `make wheel` packs them."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT
from tools import manuals

PROGRAMS = ("oneroom", "oneroom-server", "oneroom-web")
_COMPLETE = """
source "$1"; COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_shtab_oneroom; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    share = tmp_path_factory.mktemp("share")
    manuals.main(share)
    return share


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_has_every_option(share: Path, program: str) -> None:
    page = (share / "man" / "man1" / f"{program}.1").read_text().replace("\\-", "-")
    (parser,) = (parser for parser in manuals.parsers(has_address=True) if parser.prog == program)
    options = set(re.findall(r"--[a-z][a-z-]+", parser.format_help())) - {"--help"}
    assert len(options) > 5
    assert not options - set(re.findall(r"--[a-z][a-z-]+", page))


def test_each_usage_has_a_line_of_its_own(share: Path) -> None:
    page = (share / "man" / "man1" / "oneroom.1").read_text()
    synopsis = page.partition(".SH SYNOPSIS\n")[2].partition(".SH ")[0]
    first, second = synopsis.split("\n.br\n")
    assert first == ".B oneroom\n[HOST[:PORT]] [options]"
    assert second.startswith(".B oneroom\nsay|history|search|who|get|run [options]")


def test_they_are_the_same_from_every_terminal(
    share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    manuals.main(tmp_path)
    for page in share.rglob("*.1"):
        assert (tmp_path / page.relative_to(share)).read_text() == page.read_text()


def test_no_folder_of_who_builds_them_is_in_them(share: Path) -> None:
    home = str(Path.home()).replace("/", r"\\?/")
    assert not [
        path for path in share.rglob("*") if path.is_file() and re.search(f"{home}/", path.read_text())
    ]


@pytest.mark.parametrize(
    ("typed", "found"),
    [("oneroom se", "search"), ("oneroom --as", "--as-typed"), ("oneroom who --j", "--json")],
)
def test_the_shell_completes_commands_and_options(share: Path, typed: str, found: str) -> None:
    completion = share / "bash-completion" / "completions" / "oneroom"
    done = subprocess.run(
        ("bash", "-c", _COMPLETE, "bash", completion, typed),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert found in done.stdout.split(), done


CONFIG = """\
[servers.home]
[servers.work]  # the team
[ servers . "дом" ]
[servers."$(date)"]
[keys]
"""


@pytest.mark.parametrize("typed", ["oneroom wo", "oneroom say --server wo", "oneroom run wo"])
def test_the_shell_completes_short_names(share: Path, tmp_path: Path, typed: str) -> None:
    (tmp_path / "oneroom").mkdir()
    (tmp_path / "oneroom" / "config.toml").write_text(CONFIG, encoding="utf-8")
    completion = share / "bash-completion" / "completions" / "oneroom"
    done = subprocess.run(
        ("bash", "-c", _COMPLETE, "bash", completion, typed),
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert done.stdout.split() == ["work"], done


@pytest.mark.parametrize("place", ["bash-completion/completions/oneroom", "zsh/site-functions/_oneroom"])
def test_the_short_names_that_a_shell_finds(share: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "oneroom").mkdir()
    (tmp_path / "oneroom" / "config.toml").write_text(CONFIG, encoding="utf-8")
    found = re.search(
        r"^_oneroom_servers\(\) \{\n.*?^\}\n", (share / place).read_text(), re.DOTALL | re.MULTILINE
    )
    assert found
    done = subprocess.run(
        ("sh", "-c", f"{found[0]}_oneroom_servers"),
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert done.stdout.split() == ["home", "work", "дом"], done


def test_zsh_asks_for_short_names_where_an_address_may_stand(share: Path) -> None:
    text = (share / "zsh" / "site-functions" / "_oneroom").read_text()
    first_words = text.partition("_shtab_oneroom_commands() {")[2].partition("\n}")[0]
    assert "\n  _oneroom_complete_server\n" in first_words
    assert text.count(r"HOST[\:PORT]:_oneroom_complete_server") == 5  # commands with --server
    assert ":where the room is (default\\: 127.0.0.1\\:8080):_oneroom_complete_server" in text  # run


def test_a_release_has_them(share: Path, tmp_path: Path) -> None:
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    subprocess.run(
        build,
        cwd=ROOT,
        env=os.environ | {"ONEROOM_SHARE": str(share)},
        capture_output=True,
        timeout=TIMEOUT,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.partition(".data/data/")[2] for name in archive.namelist()}
    assert {f"share/{path.relative_to(share)}" for path in share.rglob("*") if path.is_file()} <= packed
    assert len(packed) == 1 + 3 * len(PROGRAMS)
