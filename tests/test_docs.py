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


def test_every_line_of_the_threat_model_names_its_test() -> None:
    rows = [
        line
        for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ][2:]
    assert rows
    assert not [row for row in rows if not _TEST.search(row.rsplit("|", 2)[1])]
