"""The house keeps its shape: files of one idea, entrances of a few lines."""

import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PACKAGES = ("chat_protocol", "tcp_server", "web_gateway", "chat_client", "cli_client")
SOURCES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PAGE = sorted(path.relative_to(ROOT) for kind in ("*.js", "*.css") for path in (ROOT / "static").rglob(kind))

NEWER_CSS = re.compile(
    r":has\(|:dir\(|:open\b|color-mix\(|light-dark\(|anchor\(|@property|@scope|@starting-style|field-sizing|\dr?lh\b|&"
)
"""What Firefox 115, Safari 16.4 or Chromium 110 lack, and without which the page would not work."""


@pytest.mark.parametrize("path", SOURCES + PAGE, ids=str)
def test_no_file_is_longer_than_one_idea(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", [path for path in PAGE if path.suffix == ".css"], ids=str)
def test_no_sheet_needs_what_the_oldest_supported_browsers_lack(path: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", (ROOT / path).read_text(), flags=re.DOTALL)
    assert not NEWER_CSS.findall(rules)


@pytest.mark.parametrize("package", [p for p in PACKAGES if (ROOT / p / "__main__.py").exists()])
def test_an_entrance_only_leads_in(package: str) -> None:
    assert len((ROOT / package / "__main__.py").read_text().splitlines()) <= 8
