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


def headings(document: Path) -> set[str]:
    """Return the anchors of a document, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in lines}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_section_a_document_points_at_is_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)", document.read_text(encoding="utf-8"))
    missing = [
        f"{name}#{section}"
        for name, section in links
        if section not in headings(document.parent / name if name else document)
    ]
    assert not missing


def test_every_attribute_the_architecture_names_is_there() -> None:
    named = re.findall(
        r"`([A-Z]\w+)\.(\w+)`", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    )
    sources = [Path(path).read_text(encoding="utf-8") for path in SOURCES if path.endswith(".py")]
    assert len(named) > 15
    missing = [
        f"{owner}.{name}"
        for owner, name in named
        if not any(
            re.search(rf"^class {owner}\b.*\b{name}\b", source, re.MULTILINE | re.DOTALL)
            for source in sources
        )
    ]
    assert not missing


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
