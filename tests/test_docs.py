"""What the documentation points at is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tools import configuration

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)")
_TEST = re.compile(r"`(tests/[\w/]+\.py)`")
_SOURCE = re.compile(r"`([\w/]+\.(?:py|js|css|c))`")
_FOLDERS = (
    *("chat_protocol", "tcp_server", "web_gateway", "chat_client", "cli_client", "static"),
    *("tests", "tools", "benchmarks", "docs"),
)
SOURCES = [str(path) for folder in _FOLDERS for path in (ROOT / folder).rglob("*.*")]


def pointed_at(document: Path) -> Iterator[Path]:
    """Yield the files a document links to, and the tests it names."""
    text = document.read_text(encoding="utf-8")
    for link in _LINK.findall(text):
        yield document.parent / link
    for test in _TEST.findall(text):
        yield ROOT / test


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_everything_a_document_points_at_is_there(document: Path) -> None:
    missing = [str(target) for target in pointed_at(document) if not target.exists()]
    assert not missing, "\n".join(missing)


def test_the_settings_are_documented_as_they_are() -> None:
    assert configuration.PATH.read_text(encoding="utf-8") == configuration.document(), "run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_source_file_a_document_names_is_there(document: Path) -> None:
    named = set(_SOURCE.findall(document.read_text(encoding="utf-8")))
    missing = sorted(name for name in named if not any(path.endswith(f"/{name}") for path in SOURCES))
    assert not missing


def test_every_line_of_the_threat_model_names_its_test() -> None:
    rows = [
        line
        for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ][2:]
    assert rows
    assert not [row for row in rows if not _TEST.search(row.rsplit("|", 2)[1])]
